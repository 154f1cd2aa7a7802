import { type BuildRef, buildKeys } from '../build/layout.ts'
import { readReport } from '../build/records.ts'
import { emptyReport, type Failure, type Report } from '../build/report-record.ts'
import type { Store } from '../build/store.ts'

/** Longer than a report may take: whose lease has run out is dead. */
export const LEASE_SECONDS = 180

const FAILURES_KEPT = 10

export type Lessee = { store: Store; holder: string; now: () => Date }

/**
 * Lets one report at a time speak about a build, so that what is told keeps its order. Who finds another at work leaves
 * what it knows, asks it to look once more, and goes; the one at work goes only when nobody has asked since it last
 * looked.
 */
export async function holdLease(
  build: BuildRef,
  lessee: Lessee,
  failure: Failure | null,
  tell: (report: Report) => Promise<Report>,
): Promise<void> {
  const { store, holder } = lessee
  const key = buildKeys(build).report
  let held = await takeLease(build, lessee, failure)
  while (held) {
    const { value, etag } = held
    const told = await tell(value).catch(async error => {
      // Whoever comes next, Lambda's own retry above all, must not have to wait for the lease to run out.
      await freeLease(build, { store, holder })
      throw error
    })
    const released = await store.putIf(key, JSON.stringify({ ...told, lease: null }), { ifMatch: etag })
    if (released !== 'lost') return
    const standing = await readReport(store, build)
    // Our own write may have come through though its answer was lost.
    if (standing?.value.lease?.holder !== holder) return
    const { asks, failures } = standing.value
    held = { value: { ...told, asks, failures }, etag: standing.etag }
  }
}

/** Gives the lease back as things stand, so that what others have noted meanwhile is kept. */
async function freeLease(
  build: BuildRef,
  { store, holder }: Pick<Lessee, 'store' | 'holder'>,
): Promise<void> {
  for (;;) {
    const standing = await readReport(store, build)
    if (standing?.value.lease?.holder !== holder) return
    const free = JSON.stringify({ ...standing.value, lease: null })
    if ((await store.putIf(buildKeys(build).report, free, { ifMatch: standing.etag })) !== 'lost') return
  }
}

/** The report with our lease on it, or null where another holds it. */
async function takeLease(build: BuildRef, { store, holder, now }: Lessee, failure: Failure | null) {
  const key = buildKeys(build).report
  for (;;) {
    const standing = await readReport(store, build)
    const report = noteFailure(standing?.value ?? emptyReport, failure)
    const isHeld =
      report.lease !== null && report.lease.holder !== holder && new Date(report.lease.until) > now()
    const until = new Date(now().getTime() + LEASE_SECONDS * 1000).toISOString()
    const value: Report = isHeld
      ? { ...report, asks: report.asks + 1 }
      : { ...report, lease: { holder, until } }
    const condition = standing ? { ifMatch: standing.etag } : ({ ifNoneMatch: '*' } as const)
    const etag = await store.putIf(key, JSON.stringify(value), condition)
    if (etag !== 'lost') return isHeld ? null : { value, etag }
  }
}

function noteFailure(report: Report, failure: Failure | null): Report {
  const isNews = failure && report.failures.every(({ requestId }) => requestId !== failure.requestId)
  return isNews ? { ...report, failures: [...report.failures, failure].slice(-FAILURES_KEPT) } : report
}
