import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { readJsonFile } from '../../src/cli/read-json-file.ts'

const keysSchema = z.object({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  webhookSecret: z.string(),
  githubToken: z.string(),
  cloneToken: z.string(),
  linkKey: z.string(),
  /** The variables that were handed to builds last time. */
  handed: z.array(z.string()),
})

/** What the local system's servers and functions know each other by. */
export type Keys = z.infer<typeof keysSchema>

/** The keys of a data directory, made at its first start; they are worth nothing beyond this machine. */
export async function readKeys(directory: string): Promise<Keys> {
  const file = join(directory, 'keys.json')
  const kept = await readFile(file, 'utf8').catch(() => null)
  if (kept !== null) return readJsonFile(file, kept, keysSchema)
  const random = (bytes: number) => randomBytes(bytes).toString('hex')
  const keys: Keys = {
    accessKeyId: `AKLOCAL${random(6).toUpperCase()}`,
    secretAccessKey: random(20),
    webhookSecret: random(20),
    githubToken: `ghp_${random(18)}`,
    cloneToken: `ghp_${random(18)}`,
    linkKey: random(32),
    handed: [],
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeKeys(directory, keys)
  return keys
}

export const writeKeys = (directory: string, keys: Keys) =>
  writeFile(join(directory, 'keys.json'), `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
