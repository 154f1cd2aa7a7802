import { z } from '../model/zod.ts'
import { counterKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { ContentionError, updateRecord } from './update-record.ts'

const counterSchema = z.object({ number: z.int().nonnegative() })

/** The last build number that the counter knows. It may lag behind the builds, and is never ahead of them. */
export const lastNumber = async (store: Store, project: string): Promise<number> =>
  (await readRecord(store, counterKey(project), counterSchema))?.number ?? 0

/** Raises the counter to `number`, unless it is higher already. */
export async function raiseCounter(store: Store, project: string, number: number): Promise<void> {
  try {
    await updateRecord(store, counterKey(project), counterSchema, counter =>
      counter && counter.number >= number ? counter : { number },
    )
  } catch (error) {
    // The counter may lag behind: creating build.json takes the number, and the counter only makes that quick.
    if (!(error instanceof ContentionError)) throw error
  }
}
