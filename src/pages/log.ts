import { LOG_TYPE, type LogKeys } from '../log/log-keys.ts'
import { readLog } from '../log/reader.ts'
import { z } from '../model/zod.ts'
import type { BuildRef } from '../records/keys.ts'
import type { Store } from '../records/store.ts'

/** The largest response: in base64, it stays below the 6 MB that a function URL allows. */
const MAX_BYTES = 4 * 1024 * 1024
const LINK_SECONDS = 300
/** In the name of a file, in characters. */
const MAX_TITLE = 60

const byteSchema = z
  .string()
  .regex(/^\d{1,12}$/)
  .transform(Number)
/** The query of a request: at most `length` bytes from byte `from` on. */
const querySchema = z.object({
  from: byteSchema.default(0),
  length: byteSchema.default(MAX_BYTES).transform(length => Math.min(Math.max(length, 1), MAX_BYTES)),
})

/** Serves a part of the log. Headers contain the next byte to request and whether the log has ended. */
export async function serveLog(store: Store, log: LogKeys, query: Record<string, string>): Promise<Response> {
  const { data } = querySchema.safeParse(query)
  if (!data)
    return Response.json(
      { error: '"from" must be the first byte to read (such as ?from=0), and "length" the number of bytes.' },
      { status: 400 },
    )
  const { bytes, next, ended } = await readLog(store, log, data.from, data.length)
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

/** Creates a link to a complete log in the bucket. It expires after five minutes, or with the credentials. */
export const linkToLog = (
  store: Store,
  key: string,
  { fileName, isDownload }: { fileName: string; isDownload: boolean },
): Promise<string> => store.presign(key, LINK_SECONDS, LOG_TYPE, isDownload ? fileName : undefined)

/** The beginning of the name of each file of a build: `ada-web-7`. */
export const stemOf = ({ project, number }: BuildRef): string =>
  `${project.replaceAll('/', '-').replace(/^gh-/, '')}-${number}`

/** The name of a log as a file: `ada-web-7.txt`, `ada-web-7-unit-4-8.txt`. */
export function fileNameOf(build: BuildRef, title: string | null): string {
  const job = title === null ? '' : `-${title.replace(/[^A-Za-z0-9._]+/g, '-').slice(0, MAX_TITLE)}`
  return `${(stemOf(build) + job).replace(/-+$/, '')}.txt`
}
