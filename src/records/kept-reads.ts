import type { Store } from './store.ts'

/** One process's kept values of a store, by key. */
type Kept = Map<string, { value: Promise<unknown>; until: number }>

const MOST_KEPT = 100
const kept = new WeakMap<Store, Kept>()

/**
 * Reads something that never changes once it exists, or may be `forMs` old: once within a process. Neither a failure nor a missing object
 * (null) is kept.
 */
export async function readOnce<T>(
  store: Store,
  key: string,
  read: () => Promise<T>,
  forMs = Number.POSITIVE_INFINITY,
): Promise<T> {
  const ofStore = kept.get(store) ?? new Map()
  kept.set(store, ofStore)
  const found = ofStore.get(key)
  if (found && found.until > Date.now()) return (await found.value) as T
  const value = read()
  ofStore.set(key, { value, until: Date.now() + forMs })
  const [oldest] = ofStore.keys()
  if (ofStore.size > MOST_KEPT && oldest !== undefined) ofStore.delete(oldest)
  const forget = () => ofStore.get(key)?.value === value && ofStore.delete(key)
  const result = await value.catch(error => {
    forget()
    throw error
  })
  if (result === null) forget()
  return result
}
