import { type Build, buildSchema } from '../model/build.ts'
import { z } from '../model/zod.ts'
import { triggerKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { updateRecord } from './update-record.ts'

const triggeredSchema = buildSchema.pick({ number: true, commit: true }).extend({
  /** False for a build at a person's request: a rebuild, or a delivery that was sent again. */
  isArrival: z.boolean(),
  /** Whether it must wait for approval. */
  waits: z.boolean().optional(),
})
export type Triggered = z.infer<typeof triggeredSchema>

const triggerRecordSchema = z.object({
  /** Its newest builds, newest first. */
  builds: z.array(triggeredSchema),
  /** Whether the branch was deleted, or the pull request closed, since its last arrival. */
  isGone: z.boolean(),
})
/** `triggers/<trigger>.json`: the newest builds of one branch or one pull request. Written only by http. */
export type TriggerRecord = z.infer<typeof triggerRecordSchema>

/** For arrivals, and as many for other builds, which must not take their place. */
const REMEMBERED = 30

/** A branch or pull request: `push/<branch>` or `pr/<n>`. */
export type TriggerRef = Pick<Build, 'project' | 'trigger'>

/** Null for a branch or pull request without any build. */
export const readTrigger = (store: Store, ref: TriggerRef): Promise<TriggerRecord | null> =>
  readRecord(store, triggerKey(ref), triggerRecordSchema)

/**
 * Adds a build to its branch or pull request, once. An arrival brings back one that was gone. If two builds are added at the same time, one
 * of them finds the other in the result.
 */
export async function recordBuild(
  store: Store,
  build: TriggerRef & Pick<Build, 'number' | 'commit'> & Partial<Pick<Build, 'approval'>>,
  isArrival: boolean,
): Promise<TriggerRecord> {
  const { number, commit, approval = null } = build
  const added = { number, commit, isArrival, ...(approval !== null && { waits: true }) }
  const { value } = await updateRecord(
    store,
    triggerKey(build),
    triggerRecordSchema,
    (standing): TriggerRecord => {
      const { builds, isGone } = standing ?? { builds: [], isGone: false }
      if (standing && builds.some(each => each.number === number)) return standing
      const all = [...builds, added].toSorted((one, other) => other.number - one.number)
      const kept = new Set([...newest(all, true), ...newest(all, false)])
      return { builds: all.filter(each => kept.has(each)), isGone: isGone && !isArrival }
    },
  )
  return value
}

const newest = (builds: readonly Triggered[], areArrivals: boolean) =>
  builds.filter(({ isArrival }) => isArrival === areArrivals).slice(0, REMEMBERED)

/** Records that a branch was deleted, or a pull request closed. Null if it never had a build. */
export async function recordEnd(store: Store, ref: TriggerRef): Promise<TriggerRecord | null> {
  const { value } = await updateRecord(store, triggerKey(ref), triggerRecordSchema, standing =>
    standing && !standing.isGone ? { ...standing, isGone: true } : standing,
  )
  return value
}
