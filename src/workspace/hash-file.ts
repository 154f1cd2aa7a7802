import { createHash } from 'node:crypto'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

export type FileHash = { digest: string; bytes: number }

const BUFFER = Buffer.alloc(1024 * 1024)

/**
 * Hashes a regular file. Reads synchronously, because most files are small; large ones yield to the event loop.
 * @throws if the path is a link
 */
export async function hashFile(path: string | Buffer, signal?: AbortSignal): Promise<FileHash> {
  const hash = createHash('sha256')
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    let bytes = 0
    for (let length = 1; length > 0; bytes += length) {
      length = readSync(file, BUFFER)
      hash.update(BUFFER.subarray(0, length))
      if (length < BUFFER.length) continue
      await setImmediate()
      signal?.throwIfAborted()
    }
    return { digest: hash.digest('hex'), bytes }
  } finally {
    closeSync(file)
  }
}
