import { type BuildRef, buildKeys } from '../records/keys.ts'
import { emptyReport, type Failure, type Report, reportSchema } from '../records/report-record.ts'
import type { Store } from '../records/store.ts'
import { updateRecord, type Versioned } from '../records/update-record.ts'

/** Longer than an invocation of report may take: a holder whose lease has run out is dead. */
export const LEASE_SECONDS = 180

const MOST_FAILURES = 10

export type LeaseHolder = { store: Store; holder: string; now: () => Date }

/**
 * Lets one invocation at a time work on a build's report, so that what people are told keeps its order. An invocation that
 * finds the lease taken adds what it knows, asks the holder to look again, and ends. The holder ends when nobody has asked
 * since it last looked.
 */
export async function withLease(
  build: BuildRef,
  leaseHolder: LeaseHolder,
  failure: Failure | null,
  work: (report: Report) => Promise<Report>,
): Promise<void> {
  const { store, holder } = leaseHolder
  let held = await takeLease(build, leaseHolder, failure)
  while (held) {
    const { value: report } = held
    const done = await work(report).catch(async error => {
      // The next invocation, above all Lambda's own retry, must not have to wait until the lease runs out.
      await changeReport(store, build, standing =>
        standing?.lease?.holder === holder ? { ...standing, lease: null } : standing,
      )
      throw error
    })
    const { version } = await changeReport(
      store,
      build,
      standing => {
        if (standing?.lease?.holder !== holder) return standing
        const { rerunRequests, failures, lease } = standing
        return {
          ...done,
          rerunRequests,
          failures,
          lease: rerunRequests === report.rerunRequests ? null : lease,
        }
      },
      held,
    )
    held = version?.value.lease?.holder === holder ? version : null
  }
}

/** Takes the lease; null if another invocation holds it. */
async function takeLease(build: BuildRef, { store, holder, now }: LeaseHolder, failure: Failure | null) {
  const { version } = await changeReport(store, build, standing => {
    const report = addFailure(standing ?? emptyReport, failure)
    const { lease, rerunRequests } = report
    const isHeld = lease !== null && lease.holder !== holder && new Date(lease.until) > now()
    if (isHeld) return { ...report, rerunRequests: rerunRequests + 1 }
    const until = new Date(now().getTime() + LEASE_SECONDS * 1000).toISOString()
    return { ...report, lease: { holder, until } }
  })
  return version?.value.lease?.holder === holder ? version : null
}

const changeReport = <N extends Report | null>(
  store: Store,
  build: BuildRef,
  change: (standing: Report | null) => N,
  known?: Versioned<Report>,
) => updateRecord(store, buildKeys(build).report, reportSchema, change, known)

function addFailure(report: Report, failure: Failure | null): Report {
  const isNew = failure && report.failures.every(({ requestId }) => requestId !== failure.requestId)
  return isNew ? { ...report, failures: [...report.failures, failure].slice(-MOST_FAILURES) } : report
}
