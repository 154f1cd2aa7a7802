import type { Store } from './store.ts'

type Written = { body: Uint8Array; etag: string }
/** The last writes of this process, by key. */
type Writes = Map<string, Written & { until: number }>

const KEPT_MS = 60_000
const MOST_KEPT = 100
const MOST_BYTES = 16_384
const writes = new WeakMap<Store, Writes>()

/** Keeps the last write under a key for a minute, unless it is large. */
export function keepWrite(store: Store, key: string, text: string, etag: string): void {
  const ofStore: Writes = writes.get(store) ?? new Map()
  writes.set(store, ofStore)
  ofStore.delete(key)
  const body = Buffer.from(text)
  if (body.length > MOST_BYTES) return
  ofStore.set(key, { body, etag, until: Date.now() + KEPT_MS })
  const [oldest] = ofStore.keys()
  if (ofStore.size > MOST_KEPT && oldest !== undefined) ofStore.delete(oldest)
}

/** Takes the last write of this process under a key. Others may have written since. Null if the write was not kept. */
export function takeWrite(store: Store, key: string): Written | null {
  const ofStore = writes.get(store)
  const written = ofStore?.get(key)
  ofStore?.delete(key)
  return written && Date.now() < written.until ? written : null
}
