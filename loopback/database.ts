import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '../src/model/user-error.ts'

const SQLITE_BUSY = 5

/**
 * Opens `<directory>/<name>.sqlite` and creates the directory, the file and the schema if missing. Committed data survives a crash of the
 * process. Only one process may have it open: two would both run queued events.
 * @throws UserError if another process has the database open
 */
export function openDatabase(directory: string, name: string, schema: string): DatabaseSync {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, `${name}.sqlite`)
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    database.exec(schema)
    return database
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new UserError(
      `${file} is in use by another lambci process. Stop that process first, or use another directory.`,
    )
  }
}
