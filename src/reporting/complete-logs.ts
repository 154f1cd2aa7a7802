import { LOG_TYPE } from '../log/log-keys.ts'
import { listSegments } from '../log/reader.ts'
import { runnerLine } from '../log/runner-line.ts'
import { composeLog } from '../log/sink.ts'
import { WholeLog } from '../log/whole-log.ts'
import type { Build } from '../model/build.ts'
import { titleOf } from '../model/job.ts'
import type { JobRun } from '../records/job-run.ts'
import { FLAKY } from '../records/job-wording.ts'
import { buildKeys, type JobRef, jobKeys, LEAD, logKeysOf } from '../records/keys.ts'
import type { PlanRecord } from '../records/plan-record.ts'
import type { JobState, Report } from '../records/report-record.ts'
import type { Entry, Store } from '../records/store.ts'
import type { View } from '../records/view.ts'
import { deployCommandsOf, describeStatus } from '../records/wording.ts'
import { NO_END } from './decide.ts'

/** The limit of `builds/<n>/log.txt` for a build with several jobs. Each job also has its own log. */
const MOST_BYTES = 64 * 1024 * 1024
/** After this many bytes, a look completes no further log: report has two minutes. */
const ENOUGH_BYTES = 64 * 1024 * 1024
const ENOUGH_OBJECTS = 500
/** S3's limit for a single copy. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MOST_COPIED_BYTES = 5 * 1024 ** 3
const PART_BYTES = 8 * 1024 * 1024

type Ended = {
  build: Build
  view: View
  run: JobRun | null
  /** The whole log of the lead; null if it is not there. */
  wholeLog: Entry | null
  plan: PlanRecord | null
  report: Report
}
type Logged = Pick<Ended, 'run' | 'plan' | 'wholeLog'>

/** Whether the log of a build is complete and only needs to be copied. */
const isComplete = ({ run, plan, wholeLog }: Logged) =>
  plan === null && run?.phase === 'ended' && run.log?.complete === true && wholeLog !== null

/** Whether completing the logs of a build may take so long that its notifications must be recorded first: report may be ended meanwhile. */
export const takesLong = (ended: Logged & Pick<Ended, 'report'>): boolean =>
  ended.report.end !== null && !isComplete(ended)

/**
 * Completes the logs of a build that has ended: those of jobs that died, and `builds/<n>/log.txt`. Returns whether all are done; the rest
 * is for another look.
 */
export async function completeLogs(ended: Ended, store: Store): Promise<boolean> {
  const { build, view, plan } = ended
  if (plan) {
    if (!(await finishDeadLogs(ended, plan, store))) return false
    await composeLogs(ended, plan, store)
    return true
  }
  const lines = [describeStatus(view), ...(view.deploy?.reason ? [view.deploy.reason] : [])]
  if (!isComplete(ended)) await finishDeadLog(build, LEAD, lines, store)
  await copyLog(build, isComplete(ended) ? ended.wholeLog : null, store)
  return true
}

/** A log that a job has not completed, and the last lines to add to it. */
type DeadLog = { job: JobRef; lines: readonly string[] }

/**
 * Completes the logs that jobs have not completed, one after the other. Returns whether none is left. A look completes at least one, and
 * begins no further log once it has done enough. Existing logs are skipped.
 */
async function finishDeadLogs({ build, report }: Ended, plan: PlanRecord, store: Store): Promise<boolean> {
  let [bytes, objects] = [0, 0]
  for (const { job, lines } of logsOf(plan, report)) {
    if (await store.getRange(jobKeys(build, job).log.whole, 0, 1)) continue
    if (bytes >= ENOUGH_BYTES || objects >= ENOUGH_OBJECTS) return false
    const done = await finishDeadLog(build, job, lines, store)
    bytes += done.bytes
    objects += done.objects
  }
  return true
}

/** The logs of all attempts that were started, and of the lead. */
function logsOf({ jobs }: PlanRecord, { jobs: states, failures }: Report): DeadLog[] {
  const ofJobs = states.flatMap(({ key, attempt: last, failed = [], publications, reason }): DeadLog[] => {
    // The log of a job that was taken over is in another build.
    if (jobs.some(job => job.key === key && job.passedIn)) return []
    const died = Array.from({ length: last - 1 }, (_, index) => index + 1).flatMap((attempt): DeadLog[] => {
      if (failed.includes(attempt)) return []
      const failure = failures.find(each => each.job === key && (each.attempt ?? 1) === attempt)
      const lines = [`The job died: ${failure?.reason ?? NO_END}`, 'It was given another attempt']
      return [{ job: { key, attempt }, lines }]
    })
    const lines = [`The job ended in an error: ${reason ?? 'it died'}`]
    return publications > 0 ? [...died, { job: { key, attempt: last }, lines }] : died
  })
  if (jobs.some(({ key }) => key === LEAD.key)) return ofJobs
  // The lead has only planned the others. Nothing may be written there later.
  return [...ofJobs, { job: LEAD, lines: ['The job did not complete its log'] }]
}

/** Completes the log of a job that died: the uploaded segments, and lines that say how it ended. */
async function finishDeadLog(build: Build, job: JobRef, lines: readonly string[], store: Store) {
  const { log } = jobKeys(build, job)
  const segments = await listSegments(store, log)
  return composeLog(store, segments, log.whole, `\n${lines.map(runnerLine).join('')}`)
}

/** Copies the job's log (`known`, if it was there before) to `builds/<n>/log.txt`. */
async function copyLog(build: Build, known: Entry | null, store: Store): Promise<void> {
  const { whole } = jobKeys(build).log
  const { log } = buildKeys(build)
  const entry = known ?? (await store.list(whole, { limit: 1 }))[0]
  if (entry?.key !== whole) return
  if (entry.size <= MOST_COPIED_BYTES) await store.copy(whole, log, LOG_TYPE)
  else
    await store.put(
      log,
      runnerLine(`The log is too large to be copied: it is in ${whole} of the bucket`),
      LOG_TYPE,
    )
}

/** Composes `builds/<n>/log.txt` from the logs of all jobs, in the order of the plan. */
async function composeLogs({ build, view, report }: Ended, plan: PlanRecord, store: Store): Promise<void> {
  const { jobs } = report
  const commands = deployCommandsOf(view)
  const all = new WholeLog(store, buildKeys(build).log, false)
  let left = MOST_BYTES
  for (const job of plan.jobs) {
    const state = jobs.find(({ key }) => key === job.key)
    if (!state) continue
    for (const attempt of state.failed ?? []) {
      all.add(Buffer.from(runnerLine(`── ${titleOf(job)}, attempt ${attempt}: failed ──`)))
      left -= await addWhole(all, jobKeys(build, { key: job.key, attempt }).log.whole, left, store)
    }
    const why = state.reason ? `: ${state.reason}` : ''
    const where = job.passedIn ? ` in #${job.passedIn.build}` : ''
    if (plan.jobs.length > 1 || state.failed)
      all.add(Buffer.from(runnerLine(`── ${titleOf(job)}: ${describeEnd(state)}${where}${why} ──`)))
    if (job.passedIn) left -= await addWhole(all, logKeysOf(build, job.passedIn).whole, left, store)
    else if (state.publications > 0) left -= await addWhole(all, jobKeys(build, state).log.whole, left, store)
    await all.advance()
  }
  for (const command of commands) all.add(Buffer.from(runnerLine(`To deploy it: ${command}`)))
  await all.finish()
}

const describeEnd = ({ conclusion, failed }: JobState) =>
  conclusion === 'passed' && failed ? FLAKY : conclusion

/** Adds a complete log. Returns its number of bytes. */
async function addWhole(all: WholeLog, whole: string, room: number, store: Store): Promise<number> {
  let from = 0
  const first = await store.getRange(whole, 0, PART_BYTES)
  for (let part = first; part && part.length > 0; part = await store.getRange(whole, from, PART_BYTES)) {
    if (from + part.length > room) {
      all.add(Buffer.from(`\n${runnerLine(`The rest is in ${whole} of the bucket`)}`))
      return room
    }
    all.add(part)
    await all.advance()
    from += part.length
    if (part.length < PART_BYTES) break
  }
  return from
}
