import type { Account } from '../account/settings.ts'
import type { Build } from '../model/build.ts'
import type { BuildRef } from '../records/keys.ts'
import type { Report } from '../records/report-record.ts'
import { takePlaces } from '../records/running-jobs.ts'
import type { Store } from '../records/store.ts'
import type { RunFunctions } from './measure-cost.ts'

type Ended = { build: Build; account: Account; report: Report }
type Context = { store: Store; runFunctions: RunFunctions; now: () => Date }

/** Builds that waited for one that is over. A report that died may not have looked at them. */
export async function waitingBuilds(
  { build, account, report }: Ended,
  { store, runFunctions, now }: Context,
): Promise<BuildRef[]> {
  const { project, number } = build
  if (report.jobs.length === 0) return []
  const change = { number, ended: report.jobs.map(({ key }) => key), ready: [] }
  const limit = account.maxRunningJobs ?? runFunctions.mostJobs
  const moment = now()
  const places = await takePlaces(
    store,
    project,
    { ...change, latestEnd: moment.toISOString() },
    { limit, now: moment },
  )
  return places.waiting.map(waiting => ({ project, number: waiting }))
}
