import * as z from 'zod'
import { type BuildRef, buildKeys } from '../build/layout.ts'
import type { Store } from '../build/store.ts'
import { LOG_TYPE } from '../log/log-keys.ts'
import { readLog } from '../log/reader.ts'

/** What one answer holds at most: in base64 it stays below a function URL's 6 MB. */
const ANSWER_BYTES = 4 * 1024 * 1024
const LINK_SECONDS = 300

const fromSchema = z
  .string()
  .regex(/^\d{1,12}$/)
  .transform(Number)

/** The log from byte `from` on, as bytes; the headers say where to go on and whether the log has ended. */
export async function serveLog(store: Store, build: BuildRef, from: string | undefined): Promise<Response> {
  const parsed = fromSchema.safeParse(from ?? '0')
  if (!parsed.success)
    return Response.json({ error: '"from" must be the number of a byte, such as ?from=0.' }, { status: 400 })
  const { bytes, next, ended } = await readLog(store, buildKeys(build).log, parsed.data, ANSWER_BYTES)
  return new Response(Buffer.from(bytes), {
    headers: {
      'content-type': LOG_TYPE,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'lambci-log-next': String(next),
      'lambci-log-ended': String(ended),
    },
  })
}

/** The whole log, by a link to the bucket made at this moment: one made earlier would die with its credentials. */
export const linkToLog = (store: Store, build: BuildRef) =>
  store.presign(buildKeys(build).log.whole, LINK_SECONDS, LOG_TYPE)
