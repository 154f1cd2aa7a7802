import type { Build, BuildRequest } from './build.ts'
import { UserError } from './user-error.ts'

/** The relation of a commit to another one in git: `ahead` is its descendant, `behind` its ancestor. */
export type Relation = 'identical' | 'ahead' | 'behind' | 'diverged'

/**
 * The relation of `head` to `base` in a repository (`owner/repo`); each is a commit or the name of a branch. Null if GitHub no longer
 * knows one of them, or they have no common ancestor.
 * @throws if GitHub does not answer
 */
export type Compare = (repository: string, base: string, head: string) => Promise<Relation | null>

/** A build among those of one branch or pull request. */
export type Position = Pick<Build, 'number' | 'commit'>

export type Subject = Position &
  Pick<BuildRequest, 'repository' | 'baseCommit' | 'checkoutBranch' | 'isFork' | 'cloneRepository'>

/** The branch of a build, as GitHub's compare API names it. */
export function headNameOf({
  checkoutBranch,
  isFork,
  cloneRepository,
}: Pick<Subject, 'checkoutBranch' | 'isFork' | 'cloneRepository'>) {
  const owner = isFork ? cloneRepository?.split('/')[0] : undefined
  return owner ? `${owner}:${checkoutBranch}` : checkoutBranch
}

/** Whether a commit is part of the branch whose head has this relation to it. */
const isOn = (toHead: Relation | null) => toHead === 'identical' || toHead === 'ahead'

/**
 * Whether a build is newer than another one of the same branch or pull request. Newer means newer in git, regardless of the order of
 * their webhooks: the commit at the head of the branch is the newest, even if the branch was set back to it. If git does not say, the
 * number of the build decides.
 * @throws if GitHub does not answer
 */
export async function isNewer(build: Subject, other: Position, compare: Compare): Promise<boolean> {
  const hasHigherNumber = build.number > other.number
  if (build.commit === other.commit) return hasHigherNumber
  const { repository } = build
  const head = headNameOf(build)
  const toHead = await compare(repository, build.commit, head)
  if (toHead === 'identical') return true
  const relation = await compare(repository, other.commit, build.commit)
  if (relation === 'ahead' && isOn(toHead)) return true
  const otherToHead = toHead && (await compare(repository, other.commit, head))
  if (otherToHead === 'identical') return false
  // If only one of two commits is still part of the branch, that one is newer.
  if (otherToHead && isOn(toHead) !== isOn(otherToHead)) return isOn(toHead)
  if (relation === 'ahead') return true
  // The branch is gone, and was last set back from the other commit to this one.
  if (relation === 'behind') return !toHead && build.baseCommit === other.commit && hasHigherNumber
  return hasHigherNumber
}

/**
 * How the head of a branch relates to a commit; `gone` if the branch has none.
 * @throws if GitHub does not answer, or does not even show the commit to this stack
 */
export async function compareToBranch(
  compare: Compare,
  repository: string,
  commit: string,
  headName: string,
): Promise<Relation | 'gone'> {
  const relation = await compare(repository, commit, headName)
  if (relation) return relation
  if (await compare(repository, commit, commit)) return 'gone'
  throw new UserError(
    `GitHub does not show commit ${commit} of ${repository} to this stack: give its token or App the right to read contents.`,
  )
}

/** The newest of these builds of one branch; undefined for none. Takes only one request to GitHub if the last of them is the head. */
export async function newestOf<T extends Subject>(
  builds: readonly T[],
  compare: Compare,
): Promise<T | undefined> {
  const [last, ...others] = builds.toSorted((one, other) => other.number - one.number)
  if (!last || others.length === 0) return last
  const remembered = remember(compare)
  if ((await remembered(last.repository, last.commit, headNameOf(last))) === 'identical') return last
  let newest = last
  for (const build of others) {
    const isOlder = (await remembered(build.repository, newest.commit, build.commit)) === 'behind'
    // An ancestor of a commit that is still on the branch is older.
    if (isOlder && isOn(await remembered(newest.repository, newest.commit, headNameOf(newest)))) continue
    if (await isNewer(build, newest, remembered)) newest = build
  }
  return newest
}

/** Asks GitHub each question once. */
export function remember(compare: Compare): Compare {
  const answers = new Map<string, ReturnType<Compare>>()
  return (repository, base, head) => {
    const question = `${base}...${head}`
    const answer = answers.get(question) ?? compare(repository, base, head)
    answers.set(question, answer)
    return answer
  }
}
