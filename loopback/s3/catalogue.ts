import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '../../src/model/user-error.ts'
import type { Blob } from './blobs.ts'
import type { Checksum } from './checksum.ts'

/** The record of an object in the catalogue. */
export type ObjectRecord = {
  blobs: Blob[]
  size: number
  /** In quotes, as in its header. */
  etag: string
  /** ISO 8601 */
  modified: string
  /** Headers returned with the object: Content-Type and similar, and x-amz-meta-*. */
  headers: Record<string, string>
  checksum?: Checksum
}

/** SQLite orders text by its UTF-8 bytes, as S3 orders keys. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS objects (
    bucket TEXT NOT NULL REFERENCES buckets, key TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (bucket, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, bucket TEXT NOT NULL REFERENCES buckets ON DELETE CASCADE, key TEXT NOT NULL, record TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL REFERENCES uploads ON DELETE CASCADE, number INTEGER NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (upload, number)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS contents (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
`

/**
 * Opens the database of buckets, objects and uploads. Only one server may have it open. It survives a crash of the
 * server: transactions are atomic.
 * @throws {UserError} if another server has it open
 */
export function openCatalogue(directory: string): DatabaseSync {
  mkdirSync(directory, { recursive: true })
  const database = new DatabaseSync(join(directory, 'catalogue.sqlite'), { timeout: 0 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;')
    database.exec(`BEGIN EXCLUSIVE; ${SCHEMA} COMMIT;`)
    return database
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== 5) throw error
    throw new UserError(
      `Another server is using ${directory}. Stop that server, or choose another directory.`,
    )
  }
}

/** Runs `work` in a transaction; rolls back if it throws. */
export function transact<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

/** The names of all files that belong to objects and parts. */
export function filesInUse(database: DatabaseSync): Set<string> {
  const rows = database.prepare('SELECT record FROM objects UNION ALL SELECT record FROM parts').iterate()
  const files = new Set<string>()
  for (const { record } of rows)
    for (const blob of (JSON.parse(String(record)) as { blobs: Blob[] }).blobs)
      if ('file' in blob) files.add(blob.file)
  return files
}
