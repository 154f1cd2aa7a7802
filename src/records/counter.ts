import { type Build, buildSchema } from '../model/build.ts'
import { z } from '../model/zod.ts'
import { counterKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { ContentionError, updateRecord } from './update-record.ts'

const arrivalSchema = buildSchema.pick({ number: true, trigger: true, commit: true })
/** What of a build tells whether a newer one supersedes it. */
export type Arrival = Pick<Build, 'number' | 'trigger' | 'commit'>

const counterSchema = z.object({
  number: z.int().nonnegative(),
  /** The newest arrivals, newest first. */
  recent: z.array(arrivalSchema).default([]),
})
type Counter = z.infer<typeof counterSchema>

/** Builds further back have almost certainly ended. */
const REMEMBERED = 30

/** The last build number that the counter knows. It may lag behind the builds, and is never ahead of them. */
export const lastNumber = async (store: Store, project: string): Promise<number> =>
  (await readRecord(store, counterKey(project), counterSchema))?.number ?? 0

/** The newest arrivals of a repository, newest first. */
export const recentArrivals = async (store: Store, project: string): Promise<Arrival[]> =>
  (await readRecord(store, counterKey(project), counterSchema))?.recent ?? []

/** Raises the counter to `number`, unless it is higher already. */
export async function raiseCounter(store: Store, project: string, number: number): Promise<void> {
  await changeCounter(store, project, counter =>
    counter.number >= number ? counter : { ...counter, number },
  )
}

/** Raises the counter for a build, adds the build to the recent arrivals, and returns those. */
export async function recordArrival(store: Store, build: Build): Promise<Arrival[]> {
  const { number, trigger, commit } = build
  const counter = await changeCounter(store, build.project, counter => {
    if (counter.recent.some(arrival => arrival.number === number)) return counter
    const recent = [...counter.recent, { number, trigger, commit }].toSorted((a, b) => b.number - a.number)
    return { number: Math.max(counter.number, number), recent: recent.slice(0, REMEMBERED) }
  })
  return counter.recent
}

async function changeCounter(
  store: Store,
  project: string,
  change: (counter: Counter) => Counter,
): Promise<Counter> {
  let seen: Counter = { number: 0, recent: [] }
  try {
    const { value } = await updateRecord(store, counterKey(project), counterSchema, current => {
      seen = current ?? seen
      return change(seen)
    })
    return value
  } catch (error) {
    // The counter may lag behind: creating build.json takes the number, and the counter only makes that quick.
    if (error instanceof ContentionError) return seen
    throw error
  }
}
