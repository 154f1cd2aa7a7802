import { describe, expect, it } from 'vitest'
import type { ConditionalWrite, Store } from '../../src/records/store.ts'

const etagOf = (write: ConditionalWrite) => (write.isWritten ? write.etag : '')
const text = (bytes: Uint8Array | null | undefined) => (bytes ? Buffer.from(bytes).toString() : null)

/** What every `Store` must do. `open` answers an empty one, and `typeOf` the content type of an object, if the store keeps it. */
export function storeContract(
  name: string,
  open: () => Promise<Store>,
  typeOf?: (store: Store, key: string) => Promise<string | undefined>,
): void {
  describe(`${name} is a store`, () => {
    it('reads what was written, whole or a range of it, and answers null for what is missing', async () => {
      const store = await open()
      expect(await store.get('a')).toBeNull()
      const etag = await store.put('a', 'hello', 'text/plain')
      expect(await store.get('a')).toEqual({ body: Buffer.from('hello'), etag, size: 5 })
      expect(text(await store.getRange('a', 1, 3))).toBe('ell')
      expect(text(await store.getRange('a', 3, 100))).toBe('lo')
      expect(await store.getRange('a', 5, 3)).toBeNull()
      expect(await store.getRange('missing', 0, 3)).toBeNull()
    })

    it('writes only if its condition holds, and says if it does not', async () => {
      const store = await open()
      const first = etagOf(await store.putIf('b', '1', { ifNoneMatch: '*' }))
      expect(await store.putIf('b', '2', { ifNoneMatch: '*' })).toEqual({ isWritten: false })
      const second = etagOf(await store.putIf('b', '2', { ifMatch: first }))
      expect(second).toMatch(/^"/)
      expect(await store.putIf('b', '3', { ifMatch: first })).toEqual({ isWritten: false })
      expect(await store.putIf('missing', '3', { ifMatch: first })).toEqual({ isWritten: false })
      expect(text((await store.get('b'))?.body)).toBe('2')
    })

    it('lets exactly one of several concurrent writers create an object', async () => {
      const store = await open()
      const writes = await Promise.all(
        Array.from({ length: 8 }, (_, n) => store.putIf('c', String(n), { ifNoneMatch: '*' })),
      )
      expect(writes.filter(({ isWritten }) => isWritten)).toHaveLength(1)
    })

    it('lists keys in ascending order, and removes', async () => {
      const store = await open()
      for (const key of ['d/2', 'd/10', 'd/1', 'e']) await store.put(key, key, 'text/plain')
      expect((await store.list('d/')).map(({ key }) => key)).toEqual(['d/1', 'd/10', 'd/2'])
      expect(await store.list('d/', { startAfter: 'd/1', limit: 1 })).toEqual([
        { key: 'd/10', size: 4, modifiedAt: expect.any(Date) },
      ])
      await store.remove('d/10')
      await store.remove('d/10')
      expect((await store.list('d/')).map(({ key }) => key)).toEqual(['d/1', 'd/2'])
    })

    it('lists keys that have a delimiter as one entry, in their place', async () => {
      const store = await open()
      for (const key of ['h/b/log/1', 'h/b/log/2', 'h/b/log.txt', 'h/b/end', 'h/c', 'h/a/log.txt'])
        await store.put(key, 'hello', 'text/plain')
      const list = async (options: object) =>
        (await store.list('h/', { delimiter: '/log', ...options })).map(({ key, size }) => `${key} ${size}`)
      expect(await list({})).toEqual(['h/a/log 0', 'h/b/end 5', 'h/b/log 0', 'h/c 5'])
      expect(await list({ limit: 3 })).toEqual(['h/a/log 0', 'h/b/end 5', 'h/b/log 0'])
    })

    it('lists when each object was written last', async () => {
      const store = await open()
      const now = Date.now()
      await store.put('g', 'hello', 'text/plain')
      const [entry] = await store.list('g')
      // S3 drops the milliseconds.
      expect(entry?.modifiedAt.getTime()).toBeGreaterThan(now - 1000)
      expect(entry?.modifiedAt.getTime()).toBeLessThanOrEqual(Date.now())
    })

    it('signs links that are answered as they say', async () => {
      const store = await open()
      await store.put('f', 'hello', 'text/plain')
      const page = await fetch(await store.presign('f', 60, 'text/html'))
      expect([page.headers.get('content-type'), await page.text()]).toEqual(['text/html', 'hello'])
      const file = await fetch(await store.presign('f', 60, 'text/plain', 'log.txt'))
      expect(file.headers.get('content-disposition')).toBe('attachment; filename="log.txt"')
      await file.arrayBuffer()
    })

    it('writes once what is not to be changed', async () => {
      const store = await open()
      await Promise.all(['one', 'other'].map(body => store.putOnce('log', Buffer.from(body), 'text/plain')))
      const first = text((await store.get('log'))?.body)
      expect(['one', 'other']).toContain(first)
      await store.putOnce('log', Buffer.from('later'), 'text/plain')
      const id = await store.multipart.start('log', 'text/plain')
      const parts = [await store.multipart.upload('log', id, 1, Buffer.from('composed'))]
      await store.multipart.complete('log', id, parts, true)
      expect(text((await store.get('log'))?.body)).toBe(first)
    })

    it('copies an object, over one that is there, and tells if there is none', async () => {
      const store = await open()
      await store.put('out/a b/+ä.txt', 'hello', 'text/plain')
      await store.put('copied', 'another', 'text/plain')
      expect(await store.copy('out/a b/+ä.txt', 'copied')).toBe(true)
      expect(text((await store.get('copied'))?.body)).toBe('hello')
      await store.remove('out/a b/+ä.txt')
      expect(text((await store.get('copied'))?.body)).toBe('hello')
      expect(await store.copy('out/a b/+ä.txt', 'copied')).toBe(false)
      expect(text((await store.get('copied'))?.body)).toBe('hello')
    })

    it('gives a copy the type that the caller names, whatever the object says', async () => {
      const store = await open()
      await store.put('log', '<b>', 'text/html')
      expect(await store.copy('log', 'copied', 'text/plain')).toBe(true)
      expect(text((await store.get('copied'))?.body)).toBe('<b>')
      if (typeOf) expect(await typeOf(store, 'copied')).toBe('text/plain')
    })

    it('composes objects of uploaded and copied parts', async () => {
      const store = await open()
      const fiveMiB = new Uint8Array(5 * 1024 * 1024)
      await store.put('whole', fiveMiB, 'text/plain')
      const id = await store.multipart.start('log', 'text/plain')
      const parts = [
        await store.multipart.copy('log', id, 1, 'whole'),
        await store.multipart.upload('log', id, 2, Buffer.from('end')),
      ]
      await store.multipart.complete('log', id, parts)
      expect(await store.list('log')).toEqual([
        { key: 'log', size: fiveMiB.length + 3, modifiedAt: expect.any(Date) },
      ])
      expect(text(await store.getRange('log', fiveMiB.length, 10))).toBe('end')
    })
  })
}
