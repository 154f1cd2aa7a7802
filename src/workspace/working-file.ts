import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../model/user-error.ts'

/** The largest file that the runner itself reads. */
export const MAX_FILE_BYTES = 256 * 1024

/**
 * Reads a regular file at the top level of the workspace. Null if it does not exist. Links are not followed, because
 * the repository could point them anywhere.
 * @throws UserError if it is not a regular file or is too large
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
    `${name} is larger than ${MAX_FILE_BYTES / 1024} KB, the limit for configuration files. Make it smaller.`,
  )

export const notRegular = (name: string, kind = 'not a regular file') =>
  new UserError(`${name} is ${kind}. Replace it with the file itself.`)

async function openRegular(directory: string, name: string): Promise<FileHandle | null> {
  try {
    // Without O_NONBLOCK, opening a pipe that has no writer would block forever.
    return await open(join(directory, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    if (code === 'ELOOP') throw notRegular(name, 'a symbolic link')
    if (code === 'ENXIO') throw notRegular(name)
    throw error
  }
}
