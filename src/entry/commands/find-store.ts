import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { openStore, type Store } from '../../build/store.ts'
import { Problem } from '../../problem.ts'
import { readJsonFile } from '../system/json-file.ts'

export type StoreOptions = { bucket?: string; data: string }

const localSchema = z.object({
  s3: z.url(),
  bucket: z.string(),
  region: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
})

/** The bucket that a command works on: named by an option or the environment, or that of the local system. */
export async function findStore({ bucket = process.env.LAMBCI_BUCKET, data }: StoreOptions): Promise<Store> {
  if (bucket) return openStore(bucket)
  const text = await readFile(join(data, 'local.json'), 'utf8').catch(() => null)
  if (text === null) {
    throw new Problem(
      `No bucket is named, and there is no local system in ${data}. Give --bucket, set LAMBCI_BUCKET, or start one with "lambci local".`,
    )
  }
  const { s3, region, accessKeyId, secretAccessKey, ...local } = readJsonFile(
    join(data, 'local.json'),
    text,
    localSchema,
  )
  return openStore(local.bucket, { endpoint: s3, region, credentials: { accessKeyId, secretAccessKey } })
}
