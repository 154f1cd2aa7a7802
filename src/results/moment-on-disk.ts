import { lstatSync, mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

/** The current time by the clock of a directory's file system, in nanoseconds. */
export function momentOnDisk(directory: string): bigint {
  const path = mkdtempSync(join(directory, 'moment-'))
  const { mtimeNs } = lstatSync(path, { bigint: true })
  rmdirSync(path)
  return mtimeNs
}
