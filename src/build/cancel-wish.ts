import * as z from 'zod'
import { type BuildRef, buildKeys } from './layout.ts'
import { readIfThere } from './records.ts'
import type { Store } from './store.ts'

/** A wish to cancel a build, `cancel.json`: by whom, and why in words that go after "Cancelled: ". */
export const cancelWishSchema = z.object({
  by: z.string().min(1).max(200),
  why: z.string().min(1).max(300),
  at: z.iso.datetime(),
})
export type CancelWish = z.infer<typeof cancelWishSchema>

/** Asks for the end of a build; the first wish counts, and is answered. */
export async function wishToCancel(store: Store, build: BuildRef, wish: CancelWish): Promise<CancelWish> {
  await store.putIf(buildKeys(build).cancel, JSON.stringify(wish), { ifNoneMatch: '*' })
  return (await readCancelWish(store, build)) ?? wish
}

export const readCancelWish = async (store: Store, build: BuildRef): Promise<CancelWish | null> =>
  (await readIfThere(store, buildKeys(build).cancel, cancelWishSchema))?.value ?? null

/** Looks again and again whether somebody wants a build to end. */
export class CancelWatch {
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  /** The first look, which must come before the command does. */
  readonly looked: Promise<void>
  wish: CancelWish | null = null

  constructor(store: Store, build: BuildRef, intervalMs: number) {
    const look = async () => {
      // What cannot be read now can be read next time; a wish that is none stops nothing.
      const wish = await readCancelWish(store, build).catch(() => null)
      if (!wish || this.#isOver) return
      this.wish = wish
      this.#stop.abort()
      this.end()
    }
    this.looked = look()
    this.#timer = setInterval(look, intervalMs)
  }

  /** Aborted once there is a wish. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  #isOver = false

  /** From here on nothing is cancelled. */
  end(): void {
    this.#isOver = true
    clearInterval(this.#timer)
  }
}
