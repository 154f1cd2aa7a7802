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
  /** The names of the user's variables that were passed to builds at the last start. Missing in old files. */
  passedVariables: z.array(z.string()).default([]),
})

/** The credentials that the local servers and functions share. */
export type Keys = z.infer<typeof keysSchema>

/** Reads a data directory's keys, or creates them at the first start. They are valid only for this local system. */
export async function readKeys(directory: string): Promise<Keys> {
  const file = join(directory, 'keys.json')
  const stored = await readFile(file, 'utf8').catch(() => null)
  if (stored !== null) return readJsonFile(file, stored, keysSchema)
  const random = (bytes: number) => randomBytes(bytes).toString('hex')
  const keys: Keys = {
    accessKeyId: `AKLOCAL${random(6).toUpperCase()}`,
    secretAccessKey: random(20),
    webhookSecret: random(20),
    githubToken: `ghp_${random(18)}`,
    cloneToken: `ghp_${random(18)}`,
    linkKey: random(32),
    passedVariables: [],
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeKeys(directory, keys)
  return keys
}

export const writeKeys = (directory: string, keys: Keys) =>
  writeFile(join(directory, 'keys.json'), `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
