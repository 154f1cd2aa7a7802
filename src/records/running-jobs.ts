import { isDeepStrictEqual } from 'node:util'
import { z } from '../model/zod.ts'
import { runningKey } from './keys.ts'
import type { Store } from './store.ts'
import { updateRecord } from './update-record.ts'

/** Further builds are not listed: the dead man's switch looks after them. Those of forks do not push out others. */
const MOST_WAITING = 100
/** A waiting build may have ended in the meantime, or be unreadable. So this many more builds are returned than there are places. */
const SPARE = 4

/** `running.json`: the jobs of a repository that report has started and that have not ended. Written only by report. */
export const runningSchema = z.object({
  /** The latest moment at which each is dead, by `<build>/<ordinal>`. */
  running: z.record(z.string().max(30), z.iso.datetime()),
  /** Builds with jobs that found no place, the oldest first, and until when they wait: then they are looked at anyway. */
  waiting: z
    .array(
      z.object({ number: z.int().positive(), until: z.iso.datetime(), isFork: z.literal(true).optional() }),
    )
    .max(MOST_WAITING),
})
type Running = z.infer<typeof runningSchema>

/** The changes from one look at a build. */
export type RunningChange = {
  number: number
  /** Whether it is a stranger's. */
  isFork?: boolean
  /** Ordinals of jobs that have ended. */
  ended: readonly number[]
  /** Ordinals of jobs that could start, or start again, in order. */
  ready: readonly number[]
  /** The latest moment at which a job that starts now is dead. */
  latestEnd: string
}

type Places = {
  /** Ordinals of the `ready` jobs that have a place. */
  started: number[]
  /** Builds that wait for a place that is free now, the oldest first. */
  waiting: number[]
}

/**
 * Frees the places of jobs that have ended, and takes places for those that could start, while there are any. Looks may be repeated: a job
 * that has its place keeps it. A build whose jobs find no place waits, until a look at it finds no job without a place.
 */
export async function takePlaces(
  store: Store,
  project: string,
  change: RunningChange,
  { limit, now }: { limit: number; now: Date },
): Promise<Places> {
  let places: Places = { started: [], waiting: [] }
  await updateRecord(store, runningKey(project), runningSchema, standing => {
    const changed = changePlaces(standing ?? { running: {}, waiting: [] }, change, limit, now)
    places = changed.places
    return standing && isDeepStrictEqual(changed.record, standing) ? standing : changed.record
  })
  return places
}

function changePlaces(
  standing: Running,
  { number, isFork = false, ended, ready, latestEnd }: RunningChange,
  limit: number,
  now: Date,
): { record: Running; places: Places } {
  const nameOf = (key: number) => `${number}/${key}`
  const left = new Set(ended.map(nameOf))
  const isAlive = (end: string) => Date.parse(end) > now.getTime()
  const kept = Object.entries(standing.running).filter(([name, end]) => isAlive(end) && !left.has(name))
  const running = Object.fromEntries(kept)
  const taken = ready.filter(key => !(nameOf(key) in running)).slice(0, Math.max(0, limit - kept.length))
  const started = ready.filter(key => nameOf(key) in running || taken.includes(key))
  // Each starts now, even if again.
  for (const key of started) running[nameOf(key)] = later(running[nameOf(key)], latestEnd)
  const others = standing.waiting.filter(each => each.number !== number && isAlive(each.until))
  const isWaiting = started.length < ready.length
  const own = { number, until: latestEnd, ...(isFork && { isFork: true as const }) }
  const waiting = isWaiting ? [...others, own] : others
  const inOrder = (one: Running['waiting'][number], other: typeof one) => one.number - other.number
  const ordered = waiting
    .toSorted(
      (one, other) => Number(one.isFork ?? false) - Number(other.isFork ?? false) || inOrder(one, other),
    )
    .slice(0, MOST_WAITING)
    .toSorted(inOrder)
  const places = limit - Object.keys(running).length
  const next = places > 0 ? others.slice(0, places + SPARE).map(each => each.number) : []
  return { record: { running, waiting: ordered }, places: { started, waiting: next } }
}

const later = (standing: string | undefined, end: string) =>
  standing !== undefined && Date.parse(standing) > Date.parse(end) ? standing : end
