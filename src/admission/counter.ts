import * as z from 'zod'
import { counterKey } from '../build/layout.ts'
import { readRecord } from '../build/records.ts'
import type { Store } from '../build/store.ts'
import { type Job, jobSchema } from '../job/job.ts'

const arrivalSchema = jobSchema.pick({ number: true, trigger: true, commit: true })
/** What of a build tells whether a newer one has overtaken it. */
export type Arrival = Pick<Job, 'number' | 'trigger' | 'commit'>

const counterSchema = z.object({
  number: z.int().nonnegative(),
  /** The newest arrivals, newest first. */
  recent: z.array(arrivalSchema).default([]),
})
type Counter = z.infer<typeof counterSchema>

const ATTEMPTS = 100
/** Whatever is further back has hardly not ended yet. */
const REMEMBERED = 30

/** The last build number given, as far as the counter knows: it may lag behind the builds, never run ahead of them. */
export async function lastNumber(store: Store, project: string): Promise<number> {
  return (await readRecord(store, counterKey(project), counterSchema))?.value.number ?? 0
}

/** Raises the counter to `number`, unless others have raised it further. */
export async function raiseCounter(store: Store, project: string, number: number): Promise<void> {
  await changeCounter(store, project, counter =>
    counter.number >= number ? counter : { ...counter, number },
  )
}

/** Raises the counter for a job, and notes it among the recent arrivals, which are answered with it. */
export async function noteArrival(store: Store, job: Job): Promise<Arrival[]> {
  const { number, trigger, commit } = job
  const counter = await changeCounter(store, job.project, counter => {
    if (counter.recent.some(arrival => arrival.number === number)) return counter
    const recent = [...counter.recent, { number, trigger, commit }].toSorted((a, b) => b.number - a.number)
    return { number: Math.max(counter.number, number), recent: recent.slice(0, REMEMBERED) }
  })
  return counter.recent
}

/** Changes the counter as it stands at that moment; answers what stands there then. */
async function changeCounter(
  store: Store,
  project: string,
  change: (counter: Counter) => Counter,
): Promise<Counter> {
  const key = counterKey(project)
  let standing: Counter = { number: 0, recent: [] }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const counter = await readRecord(store, key, counterSchema)
    standing = counter?.value ?? standing
    const next = change(standing)
    if (next === standing) return standing
    const condition = counter ? { ifMatch: counter.etag } : ({ ifNoneMatch: '*' } as const)
    if ((await store.putIf(key, JSON.stringify(next), condition)) !== 'lost') return next
  }
  // It may lag behind: numbers are taken by creating job.json, and this only makes that quick.
  return standing
}
