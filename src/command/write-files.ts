import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes the files of a shard for its command, one path per line. Returns the path of that list. */
export function writeFiles(directory: string, files: readonly string[]): string {
  const path = join(directory, 'lambci-files')
  writeFileSync(path, files.map(file => `${file}\n`).join(''), { mode: 0o600 })
  return path
}
