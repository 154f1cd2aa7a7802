import * as z from 'zod'
import { type BuildRef, buildKeys } from './layout.ts'
import { readIfThere } from './records.ts'
import type { Store } from './store.ts'

/** A wish to cancel a build, `cancel.json`: by whom, and why in words that go after "Cancelled: ". */
export const cancelWishSchema = z.object({
  by: z.string().min(1).max(200),
  why: z.string().min(1).max(300),
  /** The newer build of the same branch or pull request, where that is all there is to it: the build may go on then. */
  supersededBy: z.int().positive().nullable().default(null),
  at: z.iso.datetime(),
})
export type CancelWish = z.infer<typeof cancelWishSchema>

const ATTEMPTS = 10

/**
 * Asks for the end of a build; the first wish counts, and is answered. What a person wants goes before what only a newer
 * commit asks for.
 */
export async function wishToCancel(store: Store, build: BuildRef, wish: CancelWish): Promise<CancelWish> {
  const { cancel } = buildKeys(build)
  const body = JSON.stringify(wish)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if ((await store.putIf(cancel, body, { ifNoneMatch: '*' })) !== 'lost') return wish
    const standing = await readIfThere(store, cancel, cancelWishSchema)
    if (!standing) continue
    const isWeaker = standing.value.supersededBy !== null && wish.supersededBy === null
    if (!isWeaker) return standing.value
    if ((await store.putIf(cancel, body, { ifMatch: standing.etag })) !== 'lost') return wish
  }
  throw new Error(`${cancel} was changed by others ${ATTEMPTS} times in a row`)
}

export const readCancelWish = async (store: Store, build: BuildRef): Promise<CancelWish | null> =>
  (await readIfThere(store, buildKeys(build).cancel, cancelWishSchema))?.value ?? null

/** A build that nobody wants any more ends within seconds. */
const LOOK_MS = 3000

/** Looks again and again whether somebody wants a build to end. */
export class CancelWatch {
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  /** The first look, which must come before the command does. */
  readonly looked: Promise<void>
  wish: CancelWish | null = null

  constructor(store: Store, build: BuildRef, intervalMs = LOOK_MS) {
    const look = async () => {
      // What cannot be read now can be read next time; a wish that is none stops nothing.
      this.#seen = (await readCancelWish(store, build).catch(() => null)) ?? this.#seen
      this.#heed()
    }
    this.looked = look()
    this.#timer = setInterval(look, intervalMs)
  }

  /** Aborted once there is a wish. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  #seen: CancelWish | null = null
  #isOver = false
  #heedsNewer = false

  #heed() {
    if (!this.#seen || this.#isOver || (this.#seen.supersededBy !== null && !this.#heedsNewer)) return
    this.wish = this.#seen
    this.#stop.abort()
    this.end()
  }

  /** From here on a newer commit ends the build, too. */
  heedNewer(): void {
    this.#heedsNewer = true
    this.#heed()
  }

  /** From here on nothing is cancelled. */
  end(): void {
    this.#isOver = true
    clearInterval(this.#timer)
  }
}
