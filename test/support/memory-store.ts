import { hash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Condition, Entry, Multipart, Store } from '../../src/records/store.ts'

/** An object that was composed of parts has several pieces until somebody reads it. */
type Content = { pieces: readonly Uint8Array[]; size: number; etag: string }
type Kept = Content & { modifiedAt: Date }
type Upload = { key: string; parts: Map<number, Content> }
type Link = { key: string; contentType: string; fileName: string | undefined }

/** Keys that have the same text up to the end of the first delimiter after the prefix become one entry. */
function grouped(entries: Entry[], { prefix, delimiter }: { prefix: string; delimiter: string | undefined }) {
  const groups = new Map<string, Entry>()
  for (const entry of entries) {
    const at = delimiter === undefined ? -1 : entry.key.indexOf(delimiter, prefix.length)
    const key = at === -1 ? entry.key : entry.key.slice(0, at + (delimiter?.length ?? 0))
    groups.set(key, at === -1 ? entry : { key, size: 0, modifiedAt: new Date(0) })
  }
  return [...groups.values()]
}

const etagOf = (body: Uint8Array | string) => `"${hash('sha1', body)}"`

function contentOf(body: Uint8Array | string): Content {
  const bytes = Buffer.from(body)
  return { pieces: [bytes], size: bytes.length, etag: etagOf(bytes) }
}

/** No part is compared with another, so its ETag is not computed from its bytes. */
function partOf(body: Uint8Array): Content {
  const bytes = Buffer.from(body)
  return { pieces: [bytes], size: bytes.length, etag: `"${randomUUID()}"` }
}

/** As in S3, the ETag of an object that was composed comes from those of its parts. */
const composed = (parts: readonly Content[]): Content => ({
  pieces: parts.flatMap(({ pieces }) => pieces),
  size: parts.reduce((sum, { size }) => sum + size, 0),
  etag: etagOf(parts.map(({ etag }) => etag).join()),
})

/** A store in memory, for tests with thousands of histories. It holds the same contract as the bucket. */
export function openMemoryStore(now = () => new Date()): Store {
  const objects = new Map<string, Kept>()
  const uploads = new Map<string, Upload>()
  const links = new Map<string, Link>()
  let server: Server | undefined

  const bytesOf = (key: string): Uint8Array => {
    const kept = objects.get(key)
    if (!kept) return new Uint8Array()
    if (kept.pieces.length > 1) kept.pieces = [Buffer.concat(kept.pieces)]
    return kept.pieces[0] ?? new Uint8Array()
  }
  const get = (key: string) => {
    const kept = objects.get(key)
    return kept ? { body: Buffer.from(bytesOf(key)), etag: kept.etag, size: kept.size } : null
  }
  const entryOf = (key: string): Entry => {
    const { size, modifiedAt } = objects.get(key) as Kept
    return { key, size, modifiedAt }
  }
  const keep = (key: string, content: Content) => {
    objects.set(key, { ...content, modifiedAt: now() })
    return content.etag
  }
  const put = (key: string, body: Uint8Array | string) => keep(key, contentOf(body))
  const holds = (key: string, condition: Condition) =>
    'ifMatch' in condition ? objects.get(key)?.etag === condition.ifMatch : !objects.has(key)
  const openUpload = (id: string): Upload => {
    const upload = uploads.get(id)
    if (!upload) throw new Error('NoSuchUpload')
    return upload
  }
  const addPart = (id: string, number: number, content: Content) => {
    openUpload(id).parts.set(number, content)
    return { number, etag: content.etag }
  }
  const multipart: Multipart = {
    start: async key => {
      const id = randomUUID()
      uploads.set(id, { key, parts: new Map() })
      return id
    },
    upload: async (_, id, number, body) => addPart(id, number, partOf(body)),
    copy: async (_, id, number, fromKey) => addPart(id, number, objects.get(fromKey) ?? contentOf('')),
    complete: async (key, id, parts, isOnce) => {
      const { parts: uploaded } = openUpload(id)
      if (isOnce && objects.has(key)) return
      keep(key, composed(parts.map(({ number }) => uploaded.get(number) ?? contentOf(''))))
      uploads.delete(id)
    },
  }
  const serve = async (): Promise<Server> => {
    const opened = createServer(({ url = '' }, response) => {
      const link = links.get(url.slice(1))
      if (!link) return void response.writeHead(403).end()
      response.setHeader('content-type', link.contentType)
      if (link.fileName) response.setHeader('content-disposition', `attachment; filename="${link.fileName}"`)
      response.end(bytesOf(link.key))
    })
    opened.listen(0, '127.0.0.1').unref()
    await once(opened, 'listening')
    return opened
  }
  return {
    get: async key => get(key),
    getRange: async (key, from, length) => {
      const bytes = bytesOf(key)
      return from < bytes.length ? bytes.subarray(from, from + length) : null
    },
    put: async (key, body) => put(key, body),
    copy: async (fromKey, toKey) => {
      const kept = objects.get(fromKey)
      if (kept) keep(toKey, kept)
      return kept !== undefined
    },
    putOnce: async (key, body) => {
      if (!objects.has(key)) put(key, body)
    },
    putIf: async (key, body, condition) =>
      holds(key, condition) ? { isWritten: true, etag: put(key, body) } : { isWritten: false },
    list: async (prefix, { startAfter = '', limit = Number.POSITIVE_INFINITY, delimiter } = {}) =>
      grouped(
        [...objects.keys()]
          .filter(key => key > startAfter && key.startsWith(prefix))
          .toSorted()
          .map(key => entryOf(key)),
        { prefix, delimiter },
      ).slice(0, limit),
    remove: async key => void objects.delete(key),
    presign: async (key, _, contentType, fileName) => {
      server ??= await serve()
      const id = randomUUID()
      links.set(id, { key, contentType, fileName })
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${id}`
    },
    multipart,
    close: () => void server?.close(),
  }
}
