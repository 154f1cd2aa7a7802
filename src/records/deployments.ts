import type { Build } from '../model/build.ts'
import { z } from '../model/zod.ts'
import { type StageRef, stageKeys } from './keys.ts'
import { nullIfMalformed, readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { readVersion, updateRecord, type Versioned } from './update-record.ts'

/** A current or past deploy. */
const attemptFields = {
  /** The build that deploys. */
  build: z.int().positive(),
  /** The build whose commit is deployed. */
  of: z.int().positive(),
  commit: z.string(),
  branch: z.string(),
  message: z.string(),
  /** The author of the commit. */
  who: z.string(),
  /** The person who requested it, if it was deployed by hand and that is known. */
  by: z.string().max(200).nullable().default(null),
  /** Becomes a link, so anything except a web address is dropped. */
  url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .catch(null),
  startedAt: z.iso.datetime(),
  /** The fence of the lock under which it was done. */
  fence: z.int().nonnegative().default(0),
}

const attemptSchema = z.object({ ...attemptFields, status: z.literal('running') })
/** A deploy whose command may have begun, and whose end is not on record yet. */
export type Attempt = z.infer<typeof attemptSchema>

const deploymentSchema = z.object({
  ...attemptFields,
  status: z.enum(['succeeded', 'failed']),
  reason: z.string().nullable(),
  endedAt: z.iso.datetime(),
  durationMs: z.int().nonnegative(),
  /** An estimate of the build's cost so far, in US dollars. */
  cost: z.number().nonnegative().nullable(),
})
/** A deploy: its build, person, times and result. */
export type Deployment = z.infer<typeof deploymentSchema>

/** `current.json`: the build that runs on a stage, and the last attempt, which may also run there. */
const currentSchema = z.object({
  deployed: deploymentSchema.nullable(),
  latest: z.discriminatedUnion('status', [attemptSchema, deploymentSchema]),
})
export type Current = z.infer<typeof currentSchema>

export const readCurrent = (store: Store, stage: StageRef): Promise<Current | null> =>
  readRecord(store, stageKeys(stage).current, currentSchema)

/** The same, for `recordDeployment`. */
export const readCurrentVersion = (store: Store, stage: StageRef): Promise<Versioned<Current>> =>
  readVersion(store, stageKeys(stage).current, currentSchema)

type Begun = { url: string | null; startedAt: Date; fence: number }
type Done = Pick<Deployment, 'status' | 'reason' | 'cost'> &
  Omit<Begun, 'fence'> & { fence?: number; endedAt: Date }

/** The attempt of a build that holds a stage's lock. */
export const attemptOf = (build: Build, { startedAt, ...rest }: Begun): Attempt => ({
  build: build.number,
  of: build.target?.of ?? build.number,
  commit: build.commit,
  branch: build.branch,
  message: build.message.split('\n')[0]?.slice(0, 200) ?? '',
  who: build.author.name,
  by: build.target?.by ?? null,
  ...rest,
  startedAt: startedAt.toISOString(),
  status: 'running',
})

/** The deployment by a build. */
export const deploymentOf = (
  build: Build,
  { url, startedAt, endedAt, fence = 0, ...end }: Done,
): Deployment => ({
  ...attemptOf(build, { url, startedAt, fence }),
  ...end,
  endedAt: endedAt.toISOString(),
  durationMs: Math.max(0, endedAt.getTime() - startedAt.getTime()),
})

/**
 * Records that a build is about to deploy. Until this is on record, its command must not start: if the build dies, nobody
 * else knows what may run on the stage.
 * @throws if another build has taken the stage since
 */
export async function recordAttempt(store: Store, stage: StageRef, attempt: Attempt): Promise<void> {
  await updateRecord(store, stageKeys(stage).current, currentSchema, (standing): Current => {
    requireLatest(stage, standing, attempt)
    return { deployed: standing?.deployed ?? null, latest: attempt }
  })
}

/**
 * Records a deployment. Only the build that holds the stage's lock may do so. With `known`, the current deployment is not read before the
 * first write, which fails if anybody has changed it since.
 */
export async function recordDeployment(
  store: Store,
  stage: StageRef,
  given: z.input<typeof deploymentSchema>,
  known?: Versioned<Current>,
): Promise<void> {
  const deployment = deploymentSchema.parse(given)
  const { current, deploy } = stageKeys(stage)
  await store.put(deploy(deployment.build), JSON.stringify(deployment), 'application/json')
  const change = (standing: Current | null): Current => {
    requireLatest(stage, standing, deployment)
    const deployed = deployment.status === 'succeeded' ? deployment : (standing?.deployed ?? null)
    return { deployed, latest: deployment }
  }
  await updateRecord(store, current, currentSchema, change, known)
}

/** A holder whose lock has expired may return late. */
function requireLatest({ stage }: StageRef, standing: Current | null, own: Attempt | Deployment): void {
  if (!standing || standing.latest.build === own.build) return
  const { build, fence, startedAt } = standing.latest
  if (fence > own.fence || (fence === own.fence && startedAt > own.startedAt))
    throw new Error(`Build #${build} was deployed to ${stage} while #${own.build} held it`)
}

/** The deployment that a build has recorded; null for none. */
export const readDeployment = (store: Store, stage: StageRef, build: number): Promise<Deployment | null> =>
  readRecord(store, stageKeys(stage).deploy(build), deploymentSchema)

/** The deployments of a stage, newest first. */
export async function listDeployments(store: Store, stage: StageRef, most: number): Promise<Deployment[]> {
  const { deploys, deploy } = stageKeys(stage)
  const keys = (await store.list(deploys)).map(({ key }) => key)
  const numbers = keys.flatMap(key => /\/(\d+)\.json$/.exec(key)?.[1] ?? []).map(Number)
  const newest = numbers.toSorted((one, other) => other - one).slice(0, most)
  const read = await Promise.all(
    newest.map(number => readRecord(store, deploy(number), deploymentSchema).catch(nullIfMalformed)),
  )
  return read.filter(found => found !== null)
}
