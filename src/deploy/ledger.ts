import * as z from 'zod'
import { type StageRef, stageKeys, stagesPrefix } from '../build/layout.ts'
import { readIfThere, readRecord } from '../build/records.ts'
import type { Store } from '../build/store.ts'

const entrySchema = z.object({
  /** The build that deployed. */
  build: z.int().positive(),
  /** The build whose commit it was. */
  of: z.int().positive(),
  order: z.int().positive(),
  commit: z.string(),
  branch: z.string(),
  message: z.string(),
  who: z.string(),
  status: z.enum(['succeeded', 'failed']),
  reason: z.string().nullable(),
  /** It becomes a link: whatever else a build has written there is none. */
  url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .catch(null),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  durationMs: z.int().nonnegative(),
  /** US dollars, roughly, of the build up to here. */
  cost: z.number().nonnegative().nullable(),
})
/** One deploy: what, by whom, when, and what became of it. */
export type LedgerEntry = z.infer<typeof entrySchema>

/** `current.json`: what runs on a stage, and the newest that was tried. */
const currentSchema = z.object({ deployed: entrySchema.nullable(), latest: entrySchema })
export type Current = z.infer<typeof currentSchema>

export const readCurrent = async (store: Store, stage: StageRef): Promise<Current | null> =>
  (await readIfThere(store, stageKeys(stage).current, currentSchema))?.value ?? null

/** Writes a deploy down. Only who holds the stage's lock does. */
export async function recordDeploy(store: Store, stage: StageRef, entry: LedgerEntry): Promise<void> {
  const { current, deploy } = stageKeys(stage)
  await store.put(deploy(entry.build), JSON.stringify(entry), 'application/json')
  const standing = await readIfThere(store, current, currentSchema)
  const deployed = entry.status === 'succeeded' ? entry : (standing?.value.deployed ?? null)
  const condition = standing ? { ifMatch: standing.etag } : ({ ifNoneMatch: '*' } as const)
  const written = await store.putIf(current, JSON.stringify({ deployed, latest: entry }), condition)
  // A retried request can lose against itself.
  if (written === 'lost' && (await readCurrent(store, stage))?.latest.build !== entry.build)
    throw new Error(`${current} was changed while its stage was held`)
}

/** The deploy that a build has done, null where it has written none down. */
export const readDeploy = async (store: Store, stage: StageRef, build: number): Promise<LedgerEntry | null> =>
  (await readIfThere(store, stageKeys(stage).deploy(build), entrySchema))?.value ?? null

/** The deploys of a stage, newest first. */
export async function listDeploys(store: Store, stage: StageRef, most: number): Promise<LedgerEntry[]> {
  const { deploys, deploy } = stageKeys(stage)
  const keys = (await store.list(deploys)).map(({ key }) => key)
  const numbers = keys.flatMap(key => /\/(\d+)\.json$/.exec(key)?.[1] ?? []).map(Number)
  const newest = numbers.toSorted((one, other) => other - one).slice(0, most)
  const read = await Promise.all(newest.map(number => readRecord(store, deploy(number), entrySchema)))
  return read.flatMap(found => (found ? [found.value] : []))
}

/** The stages of a repository that were ever deployed; what cannot be read is left out, since builds write it. */
export async function listStages(store: Store, project: string): Promise<(Current & { stage: string })[]> {
  const stages = await stageNames(store, project)
  const currents = await Promise.all(
    stages.map(stage => readCurrent(store, { project, stage }).catch(() => null)),
  )
  return stages.flatMap((stage, index) => {
    const current = currents[index]
    return current ? [{ stage, ...current }] : []
  })
}

const MOST_STAGES = 100

/** From stage to stage: their deploys, which may be thousands, are leapt over. */
async function stageNames(store: Store, project: string): Promise<string[]> {
  const prefix = stagesPrefix(project)
  const names: string[] = []
  for (let after = prefix; names.length < MOST_STAGES; ) {
    const [first] = await store.list(prefix, { startAfter: after, limit: 1 })
    const name = first?.key.slice(prefix.length).split('/')[0]
    if (!name) break
    names.push(name)
    after = `${prefix}${name}/\uffff`
  }
  return names
}
