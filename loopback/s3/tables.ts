import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { Blob } from './blobs.ts'
import type { ObjectRecord } from './catalogue.ts'
import type { Algorithm, Checksum } from './checksum.ts'

export type Bucket = { name: string; created: string }
export type Upload = {
  id: string
  bucket: string
  key: string
  initiated: string
  headers: Record<string, string>
  checksum?: { algorithm: Algorithm; whole: boolean }
}
export type Part = {
  number: number
  blobs: [Blob]
  size: number
  etag: string
  modified: string
  checksum?: Checksum
}
export type ListedObject = { key: string; record: ObjectRecord }
export type Tables = ReturnType<typeof openTables>

// Only this program writes the records, so their shape need not be validated.
const read = <T>(row: Record<string, SQLOutputValue> | undefined) =>
  row && (JSON.parse(String(row.record)) as T)

/** Prepared statements on the catalogue, by table. */
export function openTables(database: DatabaseSync) {
  return {
    ...bucketTable(database),
    ...objectTable(database),
    ...uploadTable(database),
    ...contentTable(database),
  }
}

function bucketTable(database: DatabaseSync) {
  const find = database.prepare('SELECT name, created FROM buckets WHERE name = ?')
  const all = database.prepare('SELECT name, created FROM buckets ORDER BY name')
  const insert = database.prepare('INSERT INTO buckets VALUES (?, ?)')
  const remove = database.prepare('DELETE FROM buckets WHERE name = ?')
  // Every request looks up its bucket, and writes do so twice. Only this process changes the table.
  const found = new Map<string, Bucket>()
  return {
    findBucket: (name: string): Bucket | undefined => {
      const bucket = found.get(name) ?? (find.get(name) as Bucket | undefined)
      if (bucket) found.set(name, bucket)
      return bucket
    },
    allBuckets: () => all.all() as Bucket[],
    addBucket: ({ name, created }: Bucket) => insert.run(name, created),
    removeBucket: (name: string) => {
      found.delete(name)
      return remove.run(name)
    },
  }
}

function objectTable(database: DatabaseSync) {
  const find = database.prepare('SELECT record FROM objects WHERE bucket = ? AND key = ?')
  const put = database.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?)')
  const remove = database.prepare('DELETE FROM objects WHERE bucket = ? AND key = ?')
  // The bounds are bytes, because the upper bound of a prefix may not be valid UTF-8.
  const from = database.prepare(
    'SELECT key, record FROM objects WHERE bucket = ? AND key >= CAST(? AS TEXT) AND key < CAST(? AS TEXT) ORDER BY key',
  )
  return {
    findObject: (bucket: string, key: string) => read<ObjectRecord>(find.get(bucket, key)),
    putObject: (bucket: string, key: string, record: ObjectRecord) =>
      put.run(bucket, key, JSON.stringify(record)),
    removeObject: (bucket: string, key: string) => remove.run(bucket, key),
    /** Objects from `start` (included) to `end` (excluded), in byte order of their keys. */
    *objectsBetween(bucket: string, start: Buffer, end: Buffer): Generator<ListedObject> {
      for (const row of from.iterate(bucket, start, end))
        yield { key: String(row.key), record: JSON.parse(String(row.record)) }
    },
  }
}

/** The bytes of small objects and parts. */
function contentTable(database: DatabaseSync) {
  const find = database.prepare('SELECT bytes FROM contents WHERE id = ?')
  const insert = database.prepare('INSERT INTO contents VALUES (NULL, ?)')
  const remove = database.prepare('DELETE FROM contents WHERE id = ?')
  return {
    findContent: (id: number): Buffer => {
      const bytes = find.get(id)?.bytes
      if (!(bytes instanceof Uint8Array)) throw new Error(`The catalogue has no bytes of ${id}.`)
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    },
    addContent: (bytes: Uint8Array) => Number(insert.run(bytes).lastInsertRowid),
    removeContent: (id: number) => remove.run(id),
  }
}

function uploadTable(database: DatabaseSync) {
  const find = database.prepare('SELECT record FROM uploads WHERE id = ? AND bucket = ? AND key = ?')
  const insert = database.prepare('INSERT INTO uploads VALUES (?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM uploads WHERE id = ?')
  const part = database.prepare('SELECT record FROM parts WHERE upload = ? AND number = ?')
  const parts = database.prepare('SELECT record FROM parts WHERE upload = ? ORDER BY number')
  const inBucket = database.prepare(
    'SELECT parts.record FROM parts JOIN uploads ON uploads.id = upload WHERE bucket = ?',
  )
  const put = database.prepare('INSERT OR REPLACE INTO parts VALUES (?, ?, ?)')
  const readAll = (rows: Record<string, SQLOutputValue>[]) => rows.flatMap(row => read<Part>(row) ?? [])
  return {
    findUpload: (id: string, bucket: string, key: string) => read<Upload>(find.get(id, bucket, key)),
    addUpload: (upload: Upload) => insert.run(upload.id, upload.bucket, upload.key, JSON.stringify(upload)),
    /** Also removes its parts. */
    removeUpload: (id: string) => remove.run(id),
    findPart: (upload: string, number: number) => read<Part>(part.get(upload, number)),
    partsOf: (upload: string) => readAll(parts.all(upload)),
    partsInBucket: (bucket: string) => readAll(inBucket.all(bucket)),
    putPart: (upload: string, record: Part) => put.run(upload, record.number, JSON.stringify(record)),
  }
}
