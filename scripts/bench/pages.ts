import type { Page } from 'playwright-core'
import { BuildLog } from '../../src/log/build-log.ts'
import { createSink } from '../../src/log/sink.ts'
import { buildKeys, jobKeys } from '../../src/records/keys.ts'
import type { Store } from '../../src/records/store.ts'
import { openBrowser } from '../../test/browser/browser.ts'
import { JOB_STATES, recordsWithJobs } from '../../test/support/records.ts'
import { openTestSystem } from '../../test/support/test-system.ts'
import { median, quantile } from './numbers.ts'

/** Milliseconds of script, style and layout in each frame that had any. */
export type PageRow = { name: string; frames: number; medianMs: number; p95Ms: number; slowestMs: number }

const PROJECT = 'gh/bench/pages'
const JOBS = 100
/** The initial log, and its growth. */
const LOG_BYTES = 200_000_000
const ROUNDS = 40
const ROUND_LINES = 200
const ROUND_MS = 250
const FIRST_JOB = 1

const line = (number: number) => `${`line ${number} of a test that paints squares `.padEnd(79, '.')}\n`

/** Measures the page of a running build with many jobs and a large log: following its end, and scrolling through it. */
export async function benchPages(): Promise<PageRow[]> {
  const [ci, browser] = await Promise.all([openTestSystem({ environment: {} }), openBrowser()])
  try {
    const { store, addresses } = ci.system
    const changeJobs = await storeJobs(store)
    const ref = { project: PROJECT, number: 1 }
    const sink = createSink(store, jobKeys(ref, { key: FIRST_JOB, attempt: 1 }).log)
    const log = new BuildLog(sink, [], { limitBytes: 2 ** 31, uploadMs: 100 })
    let lines = 0
    const write = (count: number) =>
      log.write(Buffer.from(Array.from({ length: count }, () => line(++lines)).join('')))
    while (lines * 80 < LOG_BYTES) await write(10_000)
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
    await page.goto(`${addresses.url}/${PROJECT}/builds/1/jobs/${FIRST_JOB}`)
    await page.getByRole('button', { name: 'End' }).click()
    await page.locator(`[data-line="${lines}"]`).waitFor({ state: 'attached' })
    const following = await measure(page, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all([write(ROUND_LINES), changeJobs(round), page.waitForTimeout(ROUND_MS)])
      }
    })
    await page.locator(`[data-line="${lines}"]`).waitFor({ state: 'attached' })
    const scrolling = await measure(page, async () => {
      for (let step = 0; step < ROUNDS; step++) {
        await page.mouse.wheel(0, -700)
        await page.waitForTimeout(ROUND_MS / 2)
      }
    })
    await log.end()
    return [
      { name: `following ${JOBS} jobs and a log of ${LOG_BYTES / 1e6} MB`, ...following },
      { name: 'scrolling through it', ...scrolling },
    ]
  } finally {
    await Promise.all([browser.close(), ci.close()])
  }
}

/** Stores a build of many running jobs. Returns a function that lets another one end. */
async function storeJobs(store: Store): Promise<(round: number) => Promise<unknown>> {
  const jobs = Array.from({ length: JOBS }, (_, index) => ({
    name: `job-${index}`,
    state: JOB_STATES.running,
  }))
  const { build, plan, report } = recordsWithJobs(jobs, { build: { project: PROJECT, number: 1 } })
  const keys = buildKeys(build)
  const put = (key: string, value: object) => store.put(key, JSON.stringify(value), 'application/json')
  await Promise.all([put(keys.build, build), put(keys.plan, plan), put(keys.report, report)])
  return round => {
    const ended = JOB_STATES.failed
    const states = report.jobs.map((state, index) =>
      index > 1 && index <= round ? { ...state, ...ended } : state,
    )
    return put(keys.report, { ...report, jobs: states })
  }
}

/** The work of a frame, by its names in Chromium's traces. */
const WORK = new Set([
  ...[
    'FunctionCall',
    'EvaluateScript',
    'TimerFire',
    'RunMicrotasks',
    'EventDispatch',
    'FireAnimationFrame',
    'ParseHTML',
  ],
  ...['UpdateLayoutTree', 'Layout', 'PrePaint', 'Paint', 'Layerize'],
])
/** Frames with less of it are idle. */
const IDLE_MS = 0.3

type TraceEvent = { name: string; ph: string; ts: number; dur?: number; tid: number; pid: number }

/** Runs something and measures, with Chromium's own trace, what the page's main thread does meanwhile. */
async function measure(page: Page, run: () => Promise<void>): Promise<Omit<PageRow, 'name'>> {
  // Without it, there would be no frames while nothing changes.
  await page.evaluate('(function tick() { requestAnimationFrame(tick) })()')
  const session = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])))
  await session.send('Tracing.start', { transferMode: 'ReportEvents', categories: 'devtools.timeline' })
  await run()
  const complete = new Promise<void>(resolve => session.once('Tracing.tracingComplete', () => resolve()))
  await session.send('Tracing.end')
  await complete
  const frames = workOfFrames(events).filter(ms => ms >= IDLE_MS)
  return {
    frames: frames.length,
    medianMs: median(frames),
    p95Ms: quantile(frames, 0.95),
    slowestMs: Math.max(...frames),
  }
}

/** The milliseconds of work between one frame and the next, on the thread that draws them. */
function workOfFrames(events: readonly TraceEvent[]): number[] {
  const ticks = events.filter(({ name }) => name === 'FireAnimationFrame')
  const [first] = ticks
  const sorted = events
    .filter(
      ({ pid, tid, ph, name }) => pid === first?.pid && tid === first.tid && ph === 'X' && WORK.has(name),
    )
    .toSorted((one, other) => one.ts - other.ts)
  const starts = ticks
    .filter(({ pid }) => pid === first?.pid)
    .map(({ ts }) => ts)
    .toSorted((one, other) => one - other)
  const frames = starts.map(() => 0)
  let frame = 0
  let end = 0
  for (const { ts, dur = 0 } of sorted) {
    while (frame + 1 < starts.length && (starts[frame + 1] ?? 0) <= ts) frame += 1
    // Events within another one have been counted with it.
    const counted = Math.max(0, ts + dur - Math.max(ts, end))
    end = Math.max(end, ts + dur)
    frames[frame] = (frames[frame] ?? 0) + counted / 1000
  }
  return frames
}
