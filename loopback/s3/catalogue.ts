import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '../../src/model/user-error.ts'
import type { Blob } from './blobs.ts'
import type { Checksum } from './checksum.ts'

/** What is on record of an object. */
export type ObjectRecord = {
  blobs: Blob[]
  size: number
  /** In quotes, as in its header. */
  etag: string
  /** ISO 8601 */
  modified: string
  /** Headers that come back with it: its content type and kin, and x-amz-meta-*. */
  headers: Record<string, string>
  checksum?: Checksum
}

/** Keys are text in SQLite's own order, which for UTF-8 is the order of S3: that of the bytes. */
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
`

/**
 * Opens the database of what there is. It belongs to one server at a time, and survives the server's death at
 * any moment: a transaction is in the log or it never was.
 * @throws {Problem} where another server has it open
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
      `Another server already keeps its objects in ${directory}. Stop it, or choose another directory.`,
    )
  }
}

/** Runs `work` as a whole or not at all. */
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

/** The names of all files that objects and parts consist of. */
export function filesInUse(database: DatabaseSync): Set<string> {
  const rows = database.prepare('SELECT record FROM objects UNION ALL SELECT record FROM parts').iterate()
  const files = new Set<string>()
  for (const { record } of rows)
    for (const { file } of (JSON.parse(String(record)) as { blobs: Blob[] }).blobs) files.add(file)
  return files
}
