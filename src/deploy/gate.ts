import type { Build } from '../model/build.ts'
import { type Compare, compareToBranch } from '../model/newer.ts'

/** Whether the commit of a build that holds its stage may be deployed there; if not, why, in one line. */
export type Gate = { isOpen: true } | { isOpen: false; reason: string }

/** The last attempt on a stage. `of` differs from `build` if a person requested the deploy. */
export type LastTried = { build: number; of: number; commit: string }

const OPEN: Gate = { isOpen: true }
const closed = (reason: string): Gate => ({ isOpen: false, reason: reason.slice(0, 300) })

/** Whether a person requested this deploy. Only then may an older commit replace a newer one. */
export const isByHand = ({ target }: Pick<Build, 'target'>) => target !== null

/** Whether a commit is known to be the head of its branch. It is not if the branch is gone, or GitHub does not answer. */
export async function isHead(
  { repository, commit, branch }: Pick<Build, 'repository' | 'commit' | 'branch'>,
  compare: Compare,
): Promise<boolean> {
  try {
    return (await compare(repository, commit, branch)) === 'identical'
  } catch (error) {
    console.error(error)
    return false
  }
}

/**
 * Decides whether a build's commit may be deployed: if it is the head of its branch, or an ancestor of the head and not older than the
 * last attempt on the stage (`latest`). After a deploy by hand, only what was pushed later may follow.
 * @throws if GitHub does not answer
 */
export async function decideGate(build: Build, latest: LastTried | null, compare: Compare): Promise<Gate> {
  if (isByHand(build)) return OPEN
  const { commit, branch, repository, number } = build
  if (latest && latest.of !== latest.build && latest.build > number)
    return closed(`Superseded by #${latest.build}`)
  const toHead = await compareToBranch(compare, repository, commit, branch)
  if (toHead === 'identical') return OPEN
  if (toHead !== 'ahead') return closed(`Commit ${commit.slice(0, 10)} is no longer on branch ${branch}`)
  if (!latest || latest.commit === commit) return OPEN
  return (await compare(repository, latest.commit, commit)) === 'ahead'
    ? OPEN
    : closed(`Superseded by #${latest.build}`)
}
