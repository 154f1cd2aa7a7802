import * as z from 'zod'
import { LOG_TYPE } from '../log/log-keys.ts'
import { readLog } from '../log/reader.ts'
import { type BuildRef, buildKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'

/** What one answer holds at most: in base64 it stays below a function URL's 6 MB. */
const ANSWER_BYTES = 4 * 1024 * 1024
const LINK_SECONDS = 300

const byteSchema = z
  .string()
  .regex(/^\d{1,12}$/)
  .transform(Number)
/** A part of a log as a link asks for it; `length` bytes at most. */
const partSchema = z.object({
  from: byteSchema.default(0),
  length: byteSchema.default(ANSWER_BYTES).transform(length => Math.min(Math.max(length, 1), ANSWER_BYTES)),
})

/** The log from byte `from` on, as bytes; the headers say where to go on and whether the log has ended. */
export async function serveLog(
  store: Store,
  build: BuildRef,
  asked: Record<string, string>,
): Promise<Response> {
  const { data } = partSchema.safeParse(asked)
  if (!data)
    return Response.json(
      { error: '"from" must be the number of a byte, such as ?from=0, and "length" how many to read.' },
      { status: 400 },
    )
  const { bytes, next, ended } = await readLog(store, buildKeys(build).log, data.from, data.length)
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
export function linkToLog(store: Store, build: BuildRef, isDownload: boolean): Promise<string> {
  const name = `${build.project.replaceAll('/', '-').replace(/^gh-/, '')}-${build.number}.txt`
  return store.presign(buildKeys(build).log.whole, LINK_SECONDS, LOG_TYPE, isDownload ? name : undefined)
}
