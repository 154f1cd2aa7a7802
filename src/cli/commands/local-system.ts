import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { openStore } from '../../aws/bucket.ts'
import { z } from '../../model/zod.ts'
import { settingsKeys } from '../../records/keys.ts'
import type { Io } from '../io.ts'
import { readJsonFile } from '../read-json-file.ts'
import { homeDirectory } from '../user.ts'
import { type FoundStack, stackWith } from './found-stack.ts'

/** The data directory of a local system, unless an option names another one. */
export const DATA_DIRECTORY = '.lambci'

/** How long a server on loopback may take to answer. */
const TIMEOUT_MS = 2000

const localSchema = z.object({
  s3: z.url(),
  bucket: z.string(),
  region: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  url: z.url(),
  githubApi: z.url(),
  notificationsTopic: z.string(),
})
type Local = z.infer<typeof localSchema>

/** The local system that runs with this data directory; null if none does. */
export async function findLocalSystem(data: string, { cwd }: Io): Promise<FoundStack | null> {
  const file = join(resolve(cwd(), data), 'local.json')
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return null
  const local = readJsonFile(file, text, localSchema)
  if (!(await answers(local.s3))) return null
  const stack = open(local, data)
  if (await isItsStore(stack)) return stack
  stack[Symbol.dispose]()
  return null
}

function open({ s3, bucket, region, accessKeyId, secretAccessKey, ...local }: Local, data: string) {
  const credentials = { accessKeyId, secretAccessKey }
  return stackWith(openStore(bucket, { endpoint: s3, region, credentials }), {
    stackName: null,
    name: `the local system in ${data}`,
    isLocal: true,
    url: local.url,
    githubApiUrl: local.githubApi,
    notificationsTopic: local.notificationsTopic,
  })
}

/** Whether anything listens there: a system that was killed leaves its `local.json`. */
const answers = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
    () => true,
    () => false,
  )

/** Whether the server knows the keys: another system may have taken over the port. */
const isItsStore = ({ store }: FoundStack): Promise<boolean> =>
  store.get(settingsKeys('')[0]).then(
    () => true,
    error => {
      if (['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'NoSuchBucket'].includes(error.name)) return false
      throw error
    },
  )

const rememberedSchema = z.object({ data: z.string() })

const stateFile = ({ env }: Io) =>
  join(env.XDG_STATE_HOME || join(homeDirectory(), '.local', 'state'), 'lambci', 'local.json')

/** Remembers the data directory of a local system that starts, so that commands in other directories find it while it runs. */
export async function rememberDataDirectory(data: string, io: Io): Promise<void> {
  const file = stateFile(io)
  // If the file cannot be written, commands still find the system by --data.
  await mkdir(dirname(file), { recursive: true })
    .then(() => writeFile(file, `${JSON.stringify({ data })}\n`))
    .catch(() => {})
}

/** The data directory of the local system that was started last; null if none was. */
export async function rememberedDataDirectory(io: Io): Promise<string | null> {
  const text = await readFile(stateFile(io), 'utf8').catch(() => null)
  try {
    return text === null ? null : (rememberedSchema.safeParse(JSON.parse(text)).data?.data ?? null)
  } catch {
    // A write was interrupted.
    return null
  }
}
