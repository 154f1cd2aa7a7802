import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { encodingError, SAVE_AS_UTF8 } from '../config/decode-text.ts'
import { UserError } from '../model/user-error.ts'

/** The largest file that the runner itself reads. */
export const MAX_FILE_BYTES = 256 * 1024

/** A file that exists, but that the runner does not read. `reason` follows its name: `is a directory`. */
export class UnreadableFile extends UserError {
  readonly reason: string
  readonly advice: string

  constructor(name: string, reason: string, advice: string) {
    super(`${name} ${reason}. ${advice}`)
    this.reason = reason
    this.advice = advice
  }
}

/**
 * Reads a regular file at the top level of the workspace. Null if it does not exist. Links are not followed, because
 * the repository could point them anywhere.
 * @throws UnreadableFile if it is not a regular file, is too large, or is not UTF-8
 */
export async function readWorkingFile(directory: string, name: string): Promise<string | null> {
  const file = await openRegular(directory, name)
  if (!file) return null
  try {
    const status = await file.stat()
    if (!status.isFile()) throw notRegular(name, status.isDirectory() ? 'a directory' : undefined)
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    if (bytesRead > MAX_FILE_BYTES) throw tooLarge(name)
    return textOf(name, buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

/** @throws UnreadableFile if the bytes are not UTF-8 */
export function textOf(name: string, bytes: Buffer): string {
  const error = encodingError(bytes)
  if (error !== null) throw new UnreadableFile(name, error, SAVE_AS_UTF8)
  return bytes.toString('utf8')
}

export const tooLarge = (name: string) =>
  new UnreadableFile(
    name,
    `is larger than ${MAX_FILE_BYTES / 1024} KB, the limit for configuration files`,
    'Make it smaller.',
  )

export const notRegular = (name: string, kind = 'not a regular file') =>
  new UnreadableFile(name, `is ${kind}`, 'Replace it with the file itself.')

async function openRegular(directory: string, name: string): Promise<FileHandle | null> {
  try {
    // Without O_NONBLOCK, opening a pipe that has no writer would block forever.
    return await open(join(directory, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    if (code === 'ELOOP') throw notRegular(name, 'a symbolic link')
    if (code === 'ENXIO') throw notRegular(name)
    if (code === 'EACCES' || code === 'EPERM')
      throw new UnreadableFile(name, 'cannot be read: permission denied', 'Make it readable.')
    throw error
  }
}
