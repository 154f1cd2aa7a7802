import { setTimeout as sleep } from 'node:timers/promises'
import { readLog } from '../../log/reader.ts'
import { hasEnded } from '../../model/conclusion.ts'
import { type BuildRef, jobKeys } from '../../records/keys.ts'
import { readRecords } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { type View, viewOf } from '../../records/view.ts'
import { isRed } from '../../records/wording.ts'
import { EXIT } from '../exit-codes.ts'

const PART_BYTES = 1024 * 1024
const PAUSE_MS = 200

/** Yields the bytes of a log as they are written, until the log ends. */
export async function* followLog(store: Store, build: BuildRef): AsyncGenerator<Uint8Array> {
  const { log } = jobKeys(build)
  for (let from = 0; ; ) {
    const { bytes, next, ended } = await readLog(store, log, from, PART_BYTES)
    if (bytes.length > 0) yield bytes
    if (ended) return
    if (bytes.length === 0) await sleep(PAUSE_MS)
    from = next
  }
}

/** How a build is watched until it ends. */
export type Watch = {
  /** How long its notifications may take after it has ended, in ms. */
  notifyTimeoutMs?: number
  /** When to give up, as `Date.now()` counts. */
  deadline?: number
  /** The pause before the next look, in ms, by how long the build has been watched. */
  pauseMs?: (elapsedMs: number) => number
  onView?: (view: View) => void
}

/** Waits until a build has ended and its notifications are delivered. Null if the deadline has passed before it ended. */
export async function watchToEnd(
  store: Store,
  build: BuildRef,
  {
    notifyTimeoutMs = 30_000,
    deadline = Number.POSITIVE_INFINITY,
    pauseMs = () => PAUSE_MS / 4,
    onView,
  }: Watch,
): Promise<View | null> {
  const began = Date.now()
  let endedAt: number | null = null
  for (;;) {
    const records = await readRecords(store, build)
    const view = records && viewOf(records)
    if (view) onView?.(view)
    if (view && hasEnded(view.status)) {
      endedAt ??= Date.now()
      if (records.report?.isClosed || Date.now() - endedAt > notifyTimeoutMs) return view
    }
    const left = deadline - Date.now()
    if (left <= 0) return view && endedAt !== null ? view : null
    await sleep(Math.min(left, pauseMs(Date.now() - began)))
  }
}

/** Like `watchToEnd`, without a deadline. */
export async function waitForEnd(store: Store, build: BuildRef): Promise<View> {
  const view = await watchToEnd(store, build, {})
  if (view) return view
  throw new Error('The watch ended before the build')
}

/**
 * The exit code of a build: 0 if it passed (its deploy included) or was skipped, 1 if it failed, errored or was
 * cancelled.
 */
export const exitCodeOf = (view: View): number =>
  (view.status === 'passed' || view.status === 'skipped') && !isRed(view) ? EXIT.done : EXIT.red
