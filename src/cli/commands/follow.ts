import { setTimeout as sleep } from 'node:timers/promises'
import { readLog } from '../../log/reader.ts'
import { hasEnded } from '../../model/conclusion.ts'
import { type BuildRef, jobKeys } from '../../records/keys.ts'
import { readRecords } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { type View, viewOf } from '../../records/view.ts'
import { isRed } from '../../records/wording.ts'

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

/**
 * Waits until a build has ended and its notifications are delivered, or `notifyTimeoutMs` have passed since it ended.
 */
export async function waitForEnd(store: Store, build: BuildRef, notifyTimeoutMs = 30_000): Promise<View> {
  let endedAt: number | null = null
  for (;;) {
    const records = await readRecords(store, build)
    if (records && hasEnded(viewOf(records).status)) {
      endedAt ??= Date.now()
      if (records.report?.isClosed || Date.now() - endedAt > notifyTimeoutMs) return viewOf(records)
    }
    await sleep(PAUSE_MS / 4)
  }
}

/**
 * The exit code of a build: 0 if it passed (its deploy included) or was skipped, 1 if it failed, errored or was
 * cancelled.
 */
export const exitCodeOf = (view: View): number =>
  (view.status === 'passed' || view.status === 'skipped') && !isRed(view) ? 0 : 1
