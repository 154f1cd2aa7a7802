import { z } from '../model/zod.ts'
import { runningKey } from './keys.ts'
import type { Store } from './store.ts'
import { updateRecord } from './update-record.ts'

/** A job of a repository: the number of its build, and its ordinal. */
type RunningJob = { number: number; key: number }

/** More builds wait in vain: the dead man's switch looks after them. */
const MOST_WAITING = 100

/** `running.json`: the jobs of a repository that report has started and that have not ended. Written by report alone. */
export const runningSchema = z.object({
  /** When each is dead at the latest, by `<build>/<ordinal>`. */
  running: z.record(z.string().max(30), z.iso.datetime()),
  /** Builds with jobs that found no place, the one that has waited longest first. */
  waiting: z.array(z.int().positive()),
})

const nameOf = ({ number, key }: RunningJob) => `${number}/${key}`

/** What changes at one look at a build. */
export type RunningChange = {
  number: number
  /** Ordinals of jobs that have ended. */
  ended: readonly number[]
  /** Ordinals of jobs that could start, in order. */
  ready: readonly number[]
  /** When a job that starts now is dead at the latest. */
  latestEnd: string
}

/**
 * Frees the places of jobs that have ended, and takes places for those that could start, as long as there are any. Returns the
 * ordinals of those that have a place, and the builds that wait for one which is free now.
 */
export async function takePlaces(
  store: Store,
  project: string,
  { number, ended, ready, latestEnd }: RunningChange,
  { limit, now }: { limit: number; now: Date },
): Promise<{ started: number[]; waiting: number[] }> {
  let started: number[] = []
  const { value } = await updateRecord(store, runningKey(project), runningSchema, standing => {
    const left = Object.entries(standing?.running ?? {}).filter(
      ([name, end]) =>
        Date.parse(end) > now.getTime() && !ended.some(key => name === nameOf({ number, key })),
    )
    const running = Object.fromEntries(left)
    const free = Math.max(0, limit - left.length)
    // A look that is repeated has its places already.
    const has = ready.filter(key => nameOf({ number, key }) in running)
    const takes = ready.filter(key => !has.includes(key)).slice(0, free)
    started = ready.filter(key => has.includes(key) || takes.includes(key))
    for (const key of takes) running[nameOf({ number, key })] = latestEnd
    const others = (standing?.waiting ?? []).filter(each => each !== number)
    const waits = started.length < ready.length
    const waiting = waits ? [...others, number].slice(0, MOST_WAITING) : others
    return { running, waiting }
  })
  const isFull = Object.keys(value.running).length >= limit
  return { started, waiting: isFull ? [] : value.waiting.filter(each => each !== number) }
}
