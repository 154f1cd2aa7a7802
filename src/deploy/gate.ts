import type { Build } from '../model/build.ts'
import { type Compare, compareToBranch } from '../model/newer.ts'
import { z } from '../model/zod.ts'
import { type BuildRef, buildKeys } from '../records/keys.ts'
import { readRecord } from '../records/read-record.ts'
import type { Store } from '../records/store.ts'
import { createRecord } from '../records/update-record.ts'

const gateSchema = z.object({
  isOpen: z.boolean(),
  /** Why the gate is closed, in one line. */
  reason: z.string().max(300).nullable(),
})
/** `gate.json`: whether the commit of a build that holds its stage may be deployed there. Written once, by report. */
export type Gate = z.infer<typeof gateSchema>

/** Whether a person asked for this deploy. Only then may an older commit replace a newer one. */
export const isByHand = ({ target }: Pick<Build, 'target'>) => target !== null && target.waited === null

const OPEN: Gate = { isOpen: true, reason: null }
const closed = (reason: string): Gate => ({ isOpen: false, reason })

/**
 * Decides whether a build's commit may be deployed: if it is the head of its branch, or an ancestor of the head and not older
 * than what was last tried on the stage (`latest`).
 * @throws if GitHub does not answer
 */
export async function decideGate(
  build: Build,
  latest: { build: number; commit: string } | null,
  compare: Compare,
): Promise<Gate> {
  if (isByHand(build)) return OPEN
  const { commit, branch, repository } = build
  const toHead = await compareToBranch(compare, repository, commit, branch)
  if (toHead === 'identical') return OPEN
  if (toHead !== 'ahead')
    return closed(`Commit ${commit.slice(0, 10)} is no longer on branch ${branch}`.slice(0, 300))
  if (!latest || latest.commit === commit) return OPEN
  return (await compare(repository, latest.commit, commit)) === 'ahead'
    ? OPEN
    : closed(`Superseded by #${latest.build}`)
}

export const readGate = (store: Store, build: BuildRef): Promise<Gate | null> =>
  readRecord(store, buildKeys(build).gate, gateSchema)

/** Answers a build that asks; an answer that it has already got stands. */
export async function writeGate(store: Store, build: BuildRef, gate: Gate): Promise<void> {
  const read = () => readGate(store, build)
  await createRecord(store, buildKeys(build).gate, gate, { read, isOwn: () => true })
}
