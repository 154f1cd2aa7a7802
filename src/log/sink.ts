import type { Entry, Store } from '../build/store.ts'
import { LOG_TYPE, type LogKeys } from './log-keys.ts'
import { WholeLog } from './whole-log.ts'

export type LogSink = {
  /** Stores a segment, the streamer's callback: after a failure it is called again with the same arguments. */
  upload(firstByte: number, bytes: Uint8Array): Promise<void>
  /** Makes `log.txt` whole. May be called again when it fails. */
  finish(): Promise<void>
}

/**
 * Keeps a log in the bucket: each segment as an object of its own for those who read along, and at the end the
 * whole. The parts of a large whole go up while the command still runs.
 */
export function createSink(store: Store, keys: LogKeys): LogSink {
  const whole = new WholeLog(store, keys.whole)
  let taken = 0
  return {
    upload: async (firstByte, bytes) => {
      if (firstByte === taken) {
        await store.put(keys.segment(firstByte), bytes, LOG_TYPE)
        if (whole.canCopy(bytes.length)) await whole.copy(keys.segment(firstByte), bytes.length)
        else whole.add(bytes)
        taken += bytes.length
      }
      await whole.advance()
    },
    finish: () => whole.finish(),
  }
}

/**
 * Makes `log.txt` whole from its stored segments, for a build that died, and adds a last line that says so.
 * `segments` come in the order of their keys.
 */
export async function composeLog(
  store: Store,
  segments: Entry[],
  wholeKey: string,
  lastLine: string,
): Promise<void> {
  const whole = new WholeLog(store, wholeKey)
  for (const { key, size } of segments) {
    if (whole.canCopy(size)) await whole.copy(key, size)
    else {
      whole.add((await store.get(key))?.body ?? new Uint8Array())
      await whole.advance()
    }
  }
  whole.add(Buffer.from((await endsInLine(store, segments.at(-1))) ? `\n${lastLine}` : lastLine))
  await whole.finish()
}

async function endsInLine(store: Store, last: Entry | undefined): Promise<boolean> {
  if (!last || last.size === 0) return false
  const [byte] = (await store.getRange(last.key, last.size - 1, 1)) ?? []
  return byte !== 0x0a
}
