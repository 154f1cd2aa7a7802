import { setTimeout as sleep } from 'node:timers/promises'
import { type BuildRef, buildKeys } from '../../build/layout.ts'
import { isOver } from '../../build/outcome.ts'
import { readRecords } from '../../build/records.ts'
import type { Store } from '../../build/store.ts'
import { type View, viewOf } from '../../build/view.ts'
import { readLog } from '../../log/reader.ts'

const PART_BYTES = 1024 * 1024
const PAUSE_MS = 200

/** Gives a log's bytes as they come, until the log has ended. */
export async function* followLog(store: Store, build: BuildRef): AsyncGenerator<Uint8Array> {
  const { log } = buildKeys(build)
  for (let from = 0; ; ) {
    const { bytes, next, ended } = await readLog(store, log, from, PART_BYTES)
    if (bytes.length > 0) yield bytes
    if (ended) return
    if (bytes.length === 0) await sleep(PAUSE_MS)
    from = next
  }
}

/** Waits until a build has ended and everybody has been told; gives up telling after `patienceMs`. */
export async function waitForEnd(store: Store, build: BuildRef, patienceMs = 30_000): Promise<View> {
  let endedAt: number | null = null
  for (;;) {
    const records = await readRecords(store, build)
    if (records && isOver(viewOf(records))) {
      endedAt ??= Date.now()
      if (records.report?.told.closed || Date.now() - endedAt > patienceMs) return viewOf(records)
    }
    await sleep(PAUSE_MS / 4)
  }
}
