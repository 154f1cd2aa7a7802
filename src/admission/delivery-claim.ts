import { randomUUID } from 'node:crypto'
import { projectSchema } from '../model/names.ts'
import { z } from '../model/zod.ts'
import { lastNumber } from '../records/counter.ts'
import { deliveryKey } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { type Updated, updateRecord, type Versioned } from '../records/update-record.ts'

const claimedBuildSchema = z.object({
  /** The build's number; before its `build.json` exists, the number that it will try to take. */
  number: z.int().positive(),
  nonce: z.string(),
  published: z.boolean(),
})
type ClaimedBuild = z.infer<typeof claimedBuildSchema>

/** How many builds one delivery may start. Anyone who has seen a body and its signature can send it again. */
export const MOST_BUILDS = 10

const claimSchema = z.object({ project: projectSchema, builds: z.array(claimedBuildSchema).min(1) })
type Claim = z.infer<typeof claimSchema>

/** The number of the last build that a delivery has started; null for an unknown delivery. */
export const claimedBuild = async (store: Store, id: string): Promise<number | null> =>
  (await readRecord(store, deliveryKey(id), claimSchema))?.builds.at(-1)?.number ?? null

/**
 * `deliveries/<repository id>/<SHA-256 of the body>.json`, or the id of a request: the progress of a delivery. It is written before each
 * step, so the same delivery, sent again after a crash or by "Redeliver", continues at the first missing step.
 */
export class DeliveryClaim {
  readonly #store: Store
  readonly #key: string
  #claim: Claim
  #version: Versioned<Claim>
  /** Whether it has started as many builds as allowed, and the last one has ended. */
  readonly isSpent: boolean

  private constructor(store: Store, key: string, { value, version }: Updated<Claim>, isSpent: boolean) {
    this.#store = store
    this.#key = key
    this.isSpent = isSpent
    this.#claim = value
    this.#version = version
  }

  /**
   * Claims a delivery, or opens its claim. If its last build `isOver`, the delivery claims a new one. Builds of another project, from
   * before its repository was adopted, no longer count: their numbers mean nothing here.
   */
  static async open(store: Store, id: string, project: string, isOver: (number: number) => Promise<boolean>) {
    const key = deliveryKey(id)
    let isSpent = false
    const claimed = await updateRecord(
      store,
      key,
      claimSchema,
      async (current): Promise<Claim> => {
        const standing = current?.project === project ? current : null
        const last = standing?.builds.at(-1)
        if (standing && last && !(await isOver(last.number))) return standing
        isSpent = standing !== null && standing.builds.length >= MOST_BUILDS
        if (standing && isSpent) return standing
        const number = (await lastNumber(store, project)) + 1
        const next = { number, nonce: randomUUID(), published: false }
        return { project, builds: [...(standing?.builds ?? []), next] }
      },
      null,
    )
    return new DeliveryClaim(store, key, claimed, isSpent)
  }

  /** False for a delivery that was sent again after its build had ended. */
  get isFirst(): boolean {
    return this.#claim.builds.length === 1
  }

  /** The number of the build that this delivery has started before; null for a first delivery. */
  get earlierBuild(): number | null {
    return this.#claim.builds.at(-2)?.number ?? null
  }

  /** The build that this delivery starts now. */
  get build(): ClaimedBuild {
    const build = this.#claim.builds.at(-1)
    if (!build) throw new Error(`${this.#key} names no build`)
    return build
  }

  /** Records the next number before it is tried. Returns the number to try: a concurrent request may have chosen it. */
  async chooseNumber(number: number): Promise<number> {
    const { number: tried } = this.build
    await this.#updateLast(last => (last.number === tried ? { ...last, number } : last))
    return this.build.number
  }

  async markPublished(): Promise<void> {
    await this.#updateLast(last => (last.published ? last : { ...last, published: true }))
  }

  async #updateLast(change: (last: ClaimedBuild) => ClaimedBuild): Promise<void> {
    const changeLast = (current: Claim | null): Claim | null => {
      const last = current?.builds.at(-1)
      const changed = last && change(last)
      if (!current || !changed || changed === last) return current
      return { ...current, builds: [...current.builds.slice(0, -1), changed] }
    }
    const updated = await updateRecord(this.#store, this.#key, claimSchema, changeLast, this.#version)
    this.#version = updated.version
    if (updated.value) this.#claim = updated.value
  }
}
