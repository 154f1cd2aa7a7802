import { hash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Condition, Entry, Multipart, Store } from '../../src/records/store.ts'

type Kept = { bytes: Uint8Array; etag: string; modifiedAt: Date }
type Upload = { key: string; parts: Map<number, Uint8Array> }
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

const etagOf = (body: Uint8Array) => `"${hash('md5', body)}"`

/** A store in memory, for tests with thousands of histories. It holds the same contract as the bucket. */
export function openMemoryStore(now = () => new Date()): Store {
  const objects = new Map<string, Kept>()
  const uploads = new Map<string, Upload>()
  const links = new Map<string, Link>()
  let server: Server | undefined

  const get = (key: string) => {
    const kept = objects.get(key)
    return kept ? { body: Buffer.from(kept.bytes), etag: kept.etag, size: kept.bytes.length } : null
  }
  const entryOf = (key: string): Entry => {
    const { bytes, modifiedAt } = objects.get(key) as Kept
    return { key, size: bytes.length, modifiedAt }
  }
  const bytesOf = (key: string) => objects.get(key)?.bytes ?? new Uint8Array()
  const put = (key: string, body: Uint8Array | string) => {
    const bytes = Buffer.from(body)
    const etag = etagOf(bytes)
    objects.set(key, { bytes, etag, modifiedAt: now() })
    return etag
  }
  const holds = (key: string, condition: Condition) =>
    'ifMatch' in condition ? objects.get(key)?.etag === condition.ifMatch : !objects.has(key)
  const openUpload = (id: string): Upload => {
    const upload = uploads.get(id)
    if (!upload) throw new Error('NoSuchUpload')
    return upload
  }
  const addPart = (id: string, number: number, body: Uint8Array) => {
    openUpload(id).parts.set(number, body)
    return { number, etag: etagOf(body) }
  }
  const multipart: Multipart = {
    start: async key => {
      const id = randomUUID()
      uploads.set(id, { key, parts: new Map() })
      return id
    },
    upload: async (_, id, number, body) => addPart(id, number, Buffer.from(body)),
    copy: async (_, id, number, fromKey) => addPart(id, number, bytesOf(fromKey)),
    complete: async (key, id, parts, isOnce) => {
      const { parts: uploaded } = openUpload(id)
      if (isOnce && objects.has(key)) return
      put(key, Buffer.concat(parts.map(({ number }) => uploaded.get(number) ?? new Uint8Array())))
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
      if (kept) put(toKey, kept.bytes)
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
