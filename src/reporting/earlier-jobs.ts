import type { StartedJob } from '../admission/grants.ts'
import { areStored, leftArtifacts } from '../admission/stored-artifacts.ts'
import { readKeptDeploys } from '../deploy/kept-artifacts.ts'
import { artifactsNamed } from '../model/artifact.ts'
import type { Build } from '../model/build.ts'
import { titleOf } from '../model/job.ts'
import { type AttemptRef, keptPrefix, outPrefix, type StageRef } from '../records/keys.ts'
import type { PassedIn, PlannedDeploy } from '../records/plan-record.ts'
import { readRecords } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'

type NeededJob = StartedJob['needs'][number]
/** An attempt of another build, and its times, if they are known. */
export type EarlierJob = AttemptRef & { title: string } & Partial<Pick<PassedIn, 'startedAt' | 'endedAt'>>

/** Where an attempt's artifacts are that a deploy names. `none`: it has left none of them. */
export type Place = 'out' | 'kept' | 'lost' | 'none'
export type PlacedJob = EarlierJob & { place: Place }

/**
 * The attempts whose artifacts a deploy by hand gets: those of the build that has tested its commit or, if they are gone, those that the
 * last deploy of this commit to the stage got and that are kept there. A job of another trust or commit leaves nothing for a deploy.
 */
export async function earlierJobs(
  store: Store,
  build: Build,
  deploy: Pick<PlannedDeploy, 'stage' | 'artifacts'>,
): Promise<{ jobs: PlacedJob[]; isKept: boolean }> {
  const stage = { project: build.project, stage: deploy.stage }
  const place = (jobs: readonly EarlierJob[]) =>
    Promise.all(
      jobs.map(async job => ({ ...job, place: await placeOf(store, stage, job, deploy.artifacts) })),
    )
  const tested = await place(await testedJobs(store, build))
  if (deploy.artifacts.length === 0 || (tested.some(isThere) && !tested.some(isLost)))
    return { jobs: tested, isKept: false }
  const deploys = await readKeptDeploys(store, stage)
  const last = deploys.find(({ commit, notKept }) => commit === build.commit && notKept === null)
  const kept = last ? await place(last.jobs) : []
  return kept.length > 0 && kept.every(isThere)
    ? { jobs: kept, isKept: true }
    : { jobs: tested, isKept: false }
}

const isThere = ({ place }: PlacedJob) => place === 'out' || place === 'kept'
const isLost = ({ place }: PlacedJob) => place === 'lost'

/** The attempts of the build that has tested the commit of a deploy by hand. */
async function testedJobs(store: Store, { project, target, commit, trust }: Build): Promise<EarlierJob[]> {
  if (!target) return []
  const old = await readRecords(store, { project, number: target.of })
  if (!old?.plan || old.build.commit !== commit || old.build.trust !== trust) return []
  const { plan, report } = old
  return plan.jobs.flatMap(job => {
    const state = report?.jobs.find(({ key }) => key === job.key)
    if (job.isDeploy || state?.conclusion !== 'passed') return []
    const { build, key, attempt, startedAt, endedAt } = job.passedIn ?? { ...state, build: target.of }
    return [{ build, key, attempt, startedAt, endedAt, title: titleOf(job) }]
  })
}

/** Where the artifacts of an attempt with these names are. */
export async function placeOf(
  store: Store,
  stage: StageRef,
  job: AttemptRef,
  names: readonly string[],
): Promise<Place> {
  if (names.length === 0) return 'none'
  const build = { project: stage.project, number: job.build }
  const named = artifactsNamed(await leftArtifacts(store, build, job), names)
  if (named.length === 0) return 'none'
  if (await areStored(store, keptPrefix(stage, job), named)) return 'kept'
  return (await areStored(store, outPrefix(build, job), named)) ? 'out' : 'lost'
}

/** The entry for such an attempt in the message of a deploy. */
export const neededOf = ({ key, attempt, title, build, place }: PlacedJob): NeededJob => ({
  ...{ key, attempt, title, build },
  ...(place === 'kept' && { isKept: true }),
})
