import { setTimeout as sleep } from 'node:timers/promises'
import type { BuildRef } from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { type Gate, readGate } from './gate.ts'

/** In ms. Report is invoked within a second or two, and then asks GitHub. */
const TIMEOUT_MS = 20_000
const LOOK_MS = 150

/** Waits for report's answer about a build that holds its stage. Null: none came in time. */
export async function awaitGate(store: Store, build: BuildRef, deadline: number): Promise<Gate | null> {
  const until = Math.min(Date.now() + TIMEOUT_MS, deadline)
  while (Date.now() < until) {
    // A failed read is repeated at the next look.
    const gate = await readGate(store, build).catch(() => null)
    if (gate) return gate
    await sleep(LOOK_MS)
  }
  return null
}
