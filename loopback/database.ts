import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '../src/model/user-error.ts'

const SQLITE_BUSY = 5

/**
 * Opens `<directory>/<name>.sqlite`, making both where they are missing. What is written survives the death of
 * the process. One process at a time: two would both run what is queued.
 * @throws Problem when another process has it open.
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
    throw new UserError(`${file} is in use by another lambci: end that one first, or use another directory.`)
  }
}
