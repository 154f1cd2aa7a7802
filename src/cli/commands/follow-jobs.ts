import { setTimeout as sleep } from 'node:timers/promises'
import { readLog } from '../../log/reader.ts'
import { hasEnded } from '../../model/conclusion.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { allJobsOf } from '../../records/json-view.ts'
import { type AttemptRef, type BuildRef, LEAD, logKeysOf } from '../../records/keys.ts'
import { readRecords } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { type JobView, type Records, type View, viewOf } from '../../records/view.ts'
import { type Io, printBytes, styleFor } from '../io.ts'
import { findJobs } from './find-jobs.ts'
import { PrefixedLines } from './prefixed-lines.ts'

const PART_BYTES = 1024 * 1024
const PAUSE_MS = 200
/** After report has written the end, it completes the logs of jobs that died, and notifies. */
const MOST_WAIT_MS = 30_000

type Followed = {
  /** The title or name of the jobs to follow; absent for all jobs of the build. */
  wanted?: string
  /** The bytes of the log of the build's first job that are already printed. */
  leadBytes?: number
}

/** Whether the build has only one job. Null if that is not known yet. */
export function hasOneJob({ run, report }: Records): boolean | null {
  if (report && report.jobs.length > 0) return false
  if (report?.end) return true
  return run === null || run.phase === 'claimed' || run.draft ? null : true
}

/**
 * Prints the logs of jobs as they are written until these jobs have ended; without `wanted`, until the build has ended and its
 * notifications are delivered. If there are several, the title of its job precedes each line.
 */
export async function followJobs(
  store: Store,
  build: BuildRef,
  { wanted, leadBytes = 0 }: Followed,
  io: Io,
): Promise<{ view: View; jobs: readonly JobView[] }> {
  const logs = new Map<string, FollowedLog>()
  let endedAt: number | null = null
  for (;;) {
    const records = await readRecords(store, build)
    const view = records && viewOf(records)
    const isKnown = records && hasOneJob(records) !== null
    const all = view && isKnown ? allJobsOf(view) : []
    const jobs = wanted === undefined || !isKnown ? all : findJobs(all, wanted)
    // Logs of jobs that are not run again are printed only if requested.
    addLogs(
      logs,
      wanted === undefined ? jobs.filter(({ passedIn }) => passedIn === null) : jobs,
      leadBytes,
      io,
    )
    const parts = await Promise.all([...logs.values()].map(log => advance(store, build, log)))
    for (const part of parts) await printBytes(io, part)
    const areOver = wanted === undefined ? view && hasEnded(view.status) : isKnown && jobs.every(isOver)
    if (view && areOver) {
      endedAt ??= Date.now()
      const isDone = wanted !== undefined || records.report?.isClosed
      const areRead = [...logs.values()].every(({ ended }) => ended)
      if ((isDone && areRead) || Date.now() - endedAt > MOST_WAIT_MS) {
        for (const { lines } of logs.values()) if (lines) await printBytes(io, lines.end())
        return { view, jobs }
      }
    }
    if (parts.every(({ length }) => length === 0)) await sleep(PAUSE_MS)
  }
}

const isOver = ({ status }: JobView) => status === 'left-out' || hasEnded(status as View['status'])

type FollowedLog = {
  ref: AttemptRef
  /** The next byte to read. */
  from: number
  ended: boolean
  /** Null if its bytes are printed unchanged. */
  lines: PrefixedLines | null
}

/** Adds the logs of jobs that have started since. Each attempt has its own log. */
function addLogs(logs: Map<string, FollowedLog>, jobs: readonly JobView[], leadBytes: number, io: Io): void {
  const prefixes = prefixesOf(jobs, io)
  for (const [index, { key, ref, startedAt }] of jobs.entries()) {
    if (!ref || startedAt === null || logs.has(`${key}/${ref.attempt}`)) continue
    const isLead = key === LEAD.key && ref.attempt === LEAD.attempt
    const lines = jobs.length > 1 ? (prefixes[index] ?? null) : null
    logs.set(`${key}/${ref.attempt}`, { ref, from: isLead ? leadBytes : 0, ended: false, lines })
  }
}

/** Reads the part of a log that has not been printed yet. */
async function advance(store: Store, build: BuildRef, log: FollowedLog): Promise<Uint8Array> {
  if (log.ended) return new Uint8Array()
  const { bytes, next, ended } = await readLog(store, logKeysOf(build, log.ref), log.from, PART_BYTES)
  log.from = next
  log.ended = ended
  if (!log.lines) return bytes
  const whole = log.lines.push(bytes)
  return ended ? Buffer.concat([whole, log.lines.end()]) : whole
}

const COLORS = ['cyan', 'magenta', 'yellow', 'blue', 'green'] as const
const MAX_WIDTH = 30

/** Creates a printer for each job that prefixes its lines with the job's title. */
export function prefixesOf(jobs: readonly JobView[], io: Io): PrefixedLines[] {
  const style = styleFor(io)
  const titles = jobs.map(({ title }) => escapeControls(title))
  const width = Math.min(MAX_WIDTH, Math.max(0, ...titles.map(({ length }) => length)))
  return titles.map((title, index) => {
    const color = COLORS[index % COLORS.length] ?? 'cyan'
    return new PrefixedLines(`${style(color, `${title.padEnd(width)} |`)} `)
  })
}
