import { readdirSync } from 'node:fs'

/**
 * Only root can create devices, and tar would create them for the author of the archive.
 * @throws if there is one below a directory
 */
export function refuseDevices(root: string): void {
  const isRoot = process.getuid?.() === 0
  if (isRoot) visit(Buffer.from(root))
}

const SLASH = Buffer.from('/')

function visit(directory: Buffer): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([directory, SLASH, entry.name])
    if (entry.isCharacterDevice() || entry.isBlockDevice()) throw new Error('it contains a device')
    if (entry.isDirectory()) visit(path)
  }
}
