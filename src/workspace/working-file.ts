import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../model/user-error.ts'

/** What a file that the runner itself reads may hold at most. */
export const MAX_FILE_BYTES = 256 * 1024

/**
 * The text of a regular file at the top of the workspace; null when there is none. Links are not followed and
 * devices and pipes not opened for long: the repository could point them anywhere. What stands there but cannot be
 * read is a `Problem`: what it would have said is not known.
 */
export async function readWorkingFile(directory: string, name: string): Promise<string | null> {
  const file = await openRegular(directory, name)
  if (!file) return null
  try {
    if (!(await file.stat()).isFile()) throw notRegular(name)
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    if (bytesRead > MAX_FILE_BYTES) throw tooLarge(name)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

export const tooLarge = (name: string) =>
  new UserError(
    `${name} is larger than ${MAX_FILE_BYTES / 1024} KB, which no configuration needs. Make it smaller.`,
  )

export const notRegular = (name: string) =>
  new UserError(
    `${name} is a link, a directory or the like: only a regular file is read. Put the file itself there.`,
  )

async function openRegular(directory: string, name: string): Promise<FileHandle | null> {
  try {
    // A pipe without a writer would block for ever if it were not opened without waiting.
    return await open(join(directory, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    if (code === 'ELOOP' || code === 'ENXIO') throw notRegular(name)
    throw error
  }
}
