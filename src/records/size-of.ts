import type { Store } from './store.ts'

/** The size of an object in bytes; null if there is none. A list is ordered, so no other key hides this one. */
export async function sizeOf(store: Store, key: string): Promise<number | null> {
  const [entry] = await store.list(key, { limit: 1 })
  return entry?.key === key ? entry.size : null
}
