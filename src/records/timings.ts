import { MOST_JOBS } from '../model/job.ts'
import { boundSeconds, type FileSeconds, MOST_FILES, MOST_PATH, MOST_SECONDS } from '../model/split.ts'
import { z } from '../model/zod.ts'
import { timingsKey, timingsPrefix } from './keys.ts'
import type { Store } from './store.ts'

/** In bytes. */
export const TIMINGS_LIMIT = 1024 * 1024
/** The most builds that are remembered as counted. */
const MOST_RECENT = 100
/** The weight of the newest build in a file's seconds. */
const SHARE_OF_NEW = 0.5

/** `timings/<job>.json`: the seconds of the files that divide a job into shards. Written only by report; the lead of a build reads it. */
export const timingsSchema = z.object({
  /** Smoothed. Those that ran last come first. */
  files: z
    .array(z.tuple([z.string().max(MOST_PATH), z.number().nonnegative().max(MOST_SECONDS)]))
    .max(MOST_FILES),
  /** The numbers of recently counted builds: a repeated report does not count its build again. */
  recent: z.array(z.int().positive()).max(MOST_RECENT),
})
export type Timings = z.infer<typeof timingsSchema>

/** Adds the seconds of a build, once. A pure function. */
export function addSeconds(
  standing: Timings | null,
  measured: readonly FileSeconds[],
  build: number,
): Timings {
  if (standing?.recent.includes(build)) return standing
  const before = new Map(standing?.files)
  const now = new Map<string, number>()
  for (const { path, seconds } of measured) {
    const old = before.get(path)
    now.set(path, boundSeconds(old === undefined ? seconds : old + SHARE_OF_NEW * (seconds - old)))
  }
  const others = [...before].filter(([path]) => !now.has(path))
  return {
    files: withinLimit([...now, ...others]),
    recent: [...(standing?.recent ?? []), build].slice(-MOST_RECENT),
  }
}

function withinLimit(files: readonly [string, number][]): [string, number][] {
  let left = TIMINGS_LIMIT - ROOM_FOR_REST
  const kept = files.slice(0, MOST_FILES)
  const tooMany = kept.findIndex(file => {
    left -= Buffer.byteLength(JSON.stringify(file)) + 1
    return left < 0
  })
  return tooMany === -1 ? kept : kept.slice(0, tooMany)
}
/** In bytes, for everything except the files. */
const ROOM_FOR_REST = 4096

/** The seconds for all jobs of a repository, by name. */
export async function listTimings(
  store: Store,
  project: string,
): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> {
  const entries = await store.list(timingsPrefix(project), { limit: MOST_JOBS })
  const names = entries.flatMap(({ key }) => /([^/]+)\.json$/.exec(key)?.[1] ?? [])
  return new Map(
    await Promise.all(names.map(async name => [name, await readTimings(store, project, name)] as const)),
  )
}

/** The known seconds of the files that divide a job. */
export async function readTimings(
  store: Pick<Store, 'getRange'>,
  project: string,
  job: string,
): Promise<ReadonlyMap<string, number>> {
  const body = await store.getRange(timingsKey(project, job), 0, TIMINGS_LIMIT)
  return new Map(body && timingsSchema.parse(JSON.parse(Buffer.from(body).toString('utf8'))).files)
}
