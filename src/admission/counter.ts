import * as z from 'zod'
import { counterKey } from '../build/layout.ts'
import { readRecord } from '../build/records.ts'
import type { Store } from '../build/store.ts'

const counterSchema = z.object({ number: z.int().nonnegative() })
const ATTEMPTS = 100

/** The last build number given, as far as the counter knows: it may lag behind the builds, never run ahead of them. */
export async function lastNumber(store: Store, project: string): Promise<number> {
  return (await readRecord(store, counterKey(project), counterSchema))?.value.number ?? 0
}

/** Raises the counter to `number`, unless others have raised it further. */
export async function raiseCounter(store: Store, project: string, number: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const counter = await readRecord(store, counterKey(project), counterSchema)
    if (counter && counter.value.number >= number) return
    const condition = counter ? { ifMatch: counter.etag } : ({ ifNoneMatch: '*' } as const)
    const written = await store.putIf(counterKey(project), JSON.stringify({ number }), condition)
    if (written !== 'lost') return
  }
}
