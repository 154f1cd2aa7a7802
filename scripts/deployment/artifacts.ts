import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Zippable, zipSync } from 'fflate'
import type { Context } from './context.ts'

export const hashOf = (...parts: readonly (string | Uint8Array)[]) => {
  const hash = createHash('sha256')
  // Includes the lengths, so that no two lists of parts have the same input.
  for (const part of parts) hash.update(`${part.length}\n`).update(part)
  return hash.digest('hex').slice(0, 20)
}

const UNIX = 3
/** Mode of a file that everyone may read, because Lambda does not run it as the user that unpacks it. */
const READABLE_FILE = 0o100644 * 2 ** 16

/** Creates a reproducible zip: the same files give the same bytes, at any time and in any time zone. */
export const zip = (files: Readonly<Record<string, Uint8Array>>): Uint8Array => {
  const entries = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))
  // Times in a zip are local.
  const mtime = new Date(1980, 0, 1)
  const zippable: Zippable = Object.fromEntries(
    entries.map(([name, bytes]) => [name, [bytes, { mtime, level: 9, os: UNIX, attrs: READABLE_FILE }]]),
  )
  return zipSync(zippable)
}

/** The destination of an upload. `extension`: that of its key, `zip` by default. */
type Place = { bucket: string; prefix: string; extension?: string }

/** Uploads `body` under the hash of its content, unless it exists. Returns its key. */
export async function uploadIfMissing(
  { aws, print }: Context,
  { bucket, prefix, extension = 'zip' }: Place,
  body: Uint8Array,
): Promise<string> {
  const key = `${prefix}/${hashOf(body)}.${extension}`
  // Without permission to list the bucket, the answer for a missing object is 403.
  if (await aws.find(/^(404|403):/, 's3api', 'head-object', '--bucket', bucket, '--key', key)) {
    print(`  ${key} already exists`)
    return key
  }
  await inDirectory(async directory => {
    const file = join(directory, 'body')
    await writeFile(file, body)
    await aws.run('s3api', 'put-object', '--bucket', bucket, '--key', key, '--body', file)
  })
  print(`  ${key} uploaded (${(body.length / 1024).toFixed(0)} KB)`)
  return key
}

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-deploy-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}
