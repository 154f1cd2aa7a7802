import { setTimeout as sleep } from 'node:timers/promises'
import { readLog } from '../../log/reader.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { UserError } from '../../model/user-error.ts'
import { countStates, describeJobStatus, isRedJob } from '../../records/job-wording.ts'
import { allJobsOf } from '../../records/json-view.ts'
import { type AttemptRef, type BuildRef, jobKeys, LEAD, logKeysOf } from '../../records/keys.ts'
import { readRecords } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { hasJobList, type JobView, onlyJobIn, type View, viewOf } from '../../records/view.ts'
import { describeStatus } from '../../records/wording.ts'
import { endOutput, type Io, printBytes, printLine, printNote, styleFor } from '../io.ts'
import { findJobs } from './find-jobs.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { exitCodeOf, waitForEnd } from './follow.ts'
import { followJobs, hasOneJob, prefixesOf } from './follow-jobs.ts'
import { describeJobs } from './job-lines.ts'
import { printFailure } from './print-failure.ts'
import { findBuild, parseBuild } from './targets.ts'

const PART_BYTES = 4 * 1024 * 1024
const PAUSE_MS = 200
const LINE_FEED = 0x0a

export type LogsOptions = StackOptions & { follow?: boolean; attempt?: number; raw?: boolean }

/**
 * `lambci logs`: prints the log of a build as far as it is written. If there are several jobs, prints the log of `job`, or a list of
 * them. With `follow`, continues until the build or the job ends. Returns the exit code.
 */
export async function printLogs(
  word: string | undefined,
  second: string | undefined,
  { raw = false, ...options }: LogsOptions,
  streams: Io,
): Promise<number> {
  const { stdin, stdout, stderr, env, cwd } = streams
  const io: Io = { stdin, stdout, stderr, env, cwd, isRaw: raw }
  // A word that cannot be a build is a job of the newest one.
  const isJob = word !== undefined && second === undefined && parseBuild(word) === null
  const [target, job] = isJob ? [undefined, word] : [word, second]
  using stack = await findStack(options, io)
  const { store } = stack
  const build = await findBuild(stack, target, io)
  if (options.attempt !== undefined && (options.follow || job === undefined))
    throw new UserError('--attempt is of one job, and not followed: lambci logs BUILD JOB --attempt 1.')
  const records = await readRecords(store, build)
  const view = records && viewOf(records)
  if (view?.status === 'waiting') printNote(io, describeStatus(view))
  if (options.follow)
    return job === undefined ? printToEnd(store, build, io) : printJob(store, build, job, io)
  const found = view && job !== undefined ? findJobs(allJobsOf(view), job) : (view?.jobs ?? [])
  const jobs = options.attempt === undefined ? found : attemptsOf(found, build, options.attempt)
  // The log of a job and that of its deploy are read one after the other.
  const isOnlyJob = job === undefined && onlyJobIn(jobs) !== null
  if (view && job === undefined && jobs.length > 1 && !isOnlyJob) printLine(io, describeChoice(view, io))
  else if (jobs.length > 0) {
    await printJobs(store, build, { jobs, hasPrefixes: jobs.length > 1 && !isOnlyJob }, io)
    if (options.attempt === undefined) noteEarlier(jobs, io)
  } else await printLog(store, build, { build: build.number, ...LEAD }, bytes => printBytes(io, bytes))
  if (view && options.attempt === undefined) {
    await endOutput(io)
    printFailure(view, io, jobs)
  }
  return 0
}

/** These jobs with the log of one of their attempts. @throws UserError if no job has that many attempts */
function attemptsOf(jobs: readonly JobView[], { number: build }: BuildRef, attempt: number): JobView[] {
  const found = jobs.flatMap(job => {
    const { key, ref, earlierAttempts } = job
    const isOne = key !== null && (attempt <= earlierAttempts.length || ref?.attempt === attempt)
    return isOne ? [{ ...job, ref: ref?.attempt === attempt ? ref : { build, key, attempt } }] : []
  })
  if (found.length > 0) return found
  throw new UserError(`There is no attempt ${attempt} of this job.`)
}

/** Notes that there are logs of earlier attempts. */
function noteEarlier(jobs: readonly JobView[], io: Io): void {
  for (const { title, earlierAttempts } of jobs)
    for (const [at, end] of earlierAttempts.entries())
      printNote(
        io,
        escapeControls(`Note: attempt ${at + 1} of ${title} ${end}. Its log: --attempt ${at + 1}`),
      )
}

async function printJobs(
  store: Store,
  build: BuildRef,
  { jobs, hasPrefixes }: { jobs: readonly JobView[]; hasPrefixes: boolean },
  io: Io,
): Promise<void> {
  const [first] = jobs
  if (first && jobs.every(({ ref }) => ref === null)) throw new UserError(describeNoLog(first))
  const prefixes = prefixesOf(jobs, io)
  for (const [index, { ref }] of jobs.entries()) {
    const lines = hasPrefixes ? prefixes[index] : undefined
    if (!ref) continue
    await printLog(store, build, ref, bytes => printBytes(io, lines ? lines.push(bytes) : bytes))
    if (lines) await printBytes(io, lines.end())
  }
}

/** Prints the log of an attempt, as far as it is written. */
export async function printLog(
  store: Store,
  build: BuildRef,
  ref: AttemptRef,
  print: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  for (let from = 0; ; ) {
    const { bytes, next } = await readLog(store, logKeysOf(build, ref), from, PART_BYTES)
    if (bytes.length === 0) return
    await print(bytes)
    from = next
  }
}

const describeNoLog = (job: JobView) =>
  escapeControls(
    `${job.title} has no log: it is ${describeJobStatus(job)}${job.reason === null ? '' : ` (${job.reason})`}.`,
  )

/** Matches a title that needs only double quotes in a shell. */
const PLAIN_TITLE = /^[\w ()/=.,-]+$/

function describeChoice(view: View, io: Io): string {
  const { repository, number, jobs } = view
  const example = jobs.find(isRedJob) ?? jobs.find(({ ref }) => ref !== null) ?? jobs[0]
  const name = example && (PLAIN_TITLE.test(example.title) ? example.title : example.name)
  return [
    `Build #${number} of ${repository} has ${jobs.length} jobs: ${countStates(jobs)}.`,
    describeJobs(jobs, styleFor(io)),
    `To print the log of one: lambci logs ${repository}#${number} "${name}"`,
  ].join('\n')
}

/** Prints the log of one job, or of the cells and shards of one, until they have ended. */
async function printJob(store: Store, build: BuildRef, wanted: string, io: Io): Promise<number> {
  const { view, jobs } = await followJobs(store, build, { wanted }, io)
  const [first] = jobs
  if (first && jobs.every(({ ref }) => ref === null)) throw new UserError(describeNoLog(first))
  const isGood = (job: JobView) =>
    job.status === 'passed' || job.isAllowedFailure || job.status === 'left-out'
  await endOutput(io)
  printFailure(view, io, jobs)
  return jobs.every(isGood) ? 0 : 1
}

/**
 * Prints the log of a build until the build ends. If the build turns out to have several jobs, prints all of their logs, and how each job
 * ended. Returns the exit code of the build.
 */
export async function printToEnd(store: Store, build: BuildRef, io: Io): Promise<number> {
  const leadBytes = await printLead(store, build, io)
  const view =
    leadBytes === null
      ? await waitForEnd(store, build)
      : (await followJobs(store, build, { leadBytes }, io)).view
  if (leadBytes !== null && hasJobList(view)) printLine(io, `\n${describeJobs(view.jobs, styleFor(io))}`)
  await endOutput(io)
  printFailure(view, io)
  return exitCodeOf(view)
}

/**
 * Prints the log of the build's first job. Returns null at its end. As soon as other jobs are planned, before the first line of any
 * command, returns how many bytes are printed.
 */
async function printLead(store: Store, build: BuildRef, io: Io): Promise<number | null> {
  let isOnly = false
  let isLineOpen = false
  for (let from = 0; ; ) {
    const { bytes, next, ended } = await readLog(store, jobKeys(build).log, from, PART_BYTES)
    if (!isOnly) {
      const records = await readRecords(store, build)
      const one = records && hasOneJob(records)
      if (one === false || records?.run?.draft) {
        if (isLineOpen) printLine(io, '')
        return from
      }
      isOnly = one === true
    }
    await printBytes(io, bytes)
    from = next
    if (bytes.length > 0) isLineOpen = bytes.at(-1) !== LINE_FEED
    if (isOnly && ended) return null
    if (bytes.length === 0) await sleep(PAUSE_MS)
  }
}
