import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { deliveryKey } from '../build/layout.ts'
import { readRecord } from '../build/records.ts'
import type { Store } from '../build/store.ts'
import { projectSchema } from '../job/job.ts'
import { Problem } from '../problem.ts'
import { lastNumber } from './counter.ts'

const claimedBuildSchema = z.object({
  /** The number that the build has or, before its `job.json` stands, is about to take. */
  number: z.int().positive(),
  nonce: z.string(),
  published: z.boolean(),
})
type ClaimedBuild = z.infer<typeof claimedBuildSchema>

const claimSchema = z.object({ project: projectSchema, builds: z.array(claimedBuildSchema).min(1) })

/** The build that a delivery has asked for last, null where nobody has claimed it. */
export const claimedBuild = async (store: Store, id: string): Promise<number | null> =>
  (await readRecord(store, deliveryKey(id), claimSchema))?.value.builds.at(-1)?.number ?? null

const ATTEMPTS = 100

/**
 * `deliveries/<guid>.json`: what has become of a delivery. It is written ahead of each step, so that whoever gets the
 * same delivery again, after a crash or by "Redeliver", goes on from the first step that is missing.
 */
export class DeliveryClaim {
  readonly #store: Store
  readonly #key: string
  readonly #project: string
  #builds: ClaimedBuild[]
  #etag: string

  private constructor(store: Store, key: string, claim: z.infer<typeof claimSchema>, etag: string) {
    this.#store = store
    this.#key = key
    this.#project = claim.project
    this.#builds = claim.builds
    this.#etag = etag
  }

  /** Claims a delivery, or finds its claim. A delivery whose build has ended asks for a new one. */
  static async open(store: Store, id: string, project: string, isOver: (number: number) => Promise<boolean>) {
    const key = deliveryKey(id)
    let found: DeliveryClaim | null = null
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (found && !(await isOver(found.build.number))) return found
      const next = { number: (await lastNumber(store, project)) + 1, nonce: randomUUID(), published: false }
      const claim = { project, builds: [...(found ? found.#builds : []), next] }
      const condition = found ? { ifMatch: found.#etag } : ({ ifNoneMatch: '*' } as const)
      const etag = await store.putIf(key, JSON.stringify(claim), condition)
      if (etag !== 'lost') return new DeliveryClaim(store, key, claim, etag)
      const standing = await readRecord(store, key, claimSchema)
      found = standing && new DeliveryClaim(store, key, standing.value, standing.etag)
    }
    throw new Problem(
      `The delivery ${id} could not be claimed: too many requests for it at once. Send it again.`,
    )
  }

  /** False for a delivery that is sent again after its build has ended. */
  get isFirst(): boolean {
    return this.#builds.length === 1
  }

  /** The build that this delivery asks for now. */
  get build(): ClaimedBuild {
    const build = this.#builds.at(-1)
    if (!build) throw new Error(`${this.#key} names no build`)
    return build
  }

  /** Notes another number before it is tried; answers the one to try, which a faster writer may have chosen. */
  async intend(number: number): Promise<number> {
    await this.#amend({ number })
    return this.build.number
  }

  async markPublished(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS && !this.build.published; attempt++) {
      await this.#amend({ published: true })
    }
  }

  async #amend(change: Partial<ClaimedBuild>): Promise<void> {
    const builds = [...this.#builds.slice(0, -1), { ...this.build, ...change }]
    const body = JSON.stringify({ project: this.#project, builds })
    const etag = await this.#store.putIf(this.#key, body, { ifMatch: this.#etag })
    if (etag !== 'lost') {
      this.#builds = builds
      this.#etag = etag
      return
    }
    const standing = await readRecord(this.#store, this.#key, claimSchema)
    if (!standing) return
    this.#builds = standing.value.builds
    this.#etag = standing.etag
  }
}
