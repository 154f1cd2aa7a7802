import type { Git } from './git.ts'

export type Refs = ReadonlyMap<string, string>
export type RefChange = { ref: string; before: string; after: string }

/** The null object id: `before` of a created ref, `after` of a deleted one. */
export const NO_COMMIT = '0'.repeat(40)
const BRANCH = 'refs/heads/'

export const branchOf = (ref: string) => (ref.startsWith(BRANCH) ? ref.slice(BRANCH.length) : null)

/** The current branches and tags. */
export async function readRefs(git: Git, repository: string): Promise<Refs> {
  const format = '--format=%(objectname) %(refname)'
  const lines = await git.text(repository, ['for-each-ref', format, 'refs/heads', 'refs/tags'])
  const refs = new Map<string, string>()
  for (const line of lines.split('\n').filter(Boolean))
    refs.set(line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' ')))
  return refs
}

/** The changes from `before` to `after`: first new and moved refs, then deleted ones. */
export function compareRefs(before: Refs, after: Refs): RefChange[] {
  const present = [...after].map(([ref, sha]) => ({ ref, before: before.get(ref) ?? NO_COMMIT, after: sha }))
  const deleted = [...before.keys()].filter(ref => !after.has(ref))
  return [
    ...present.filter(change => change.before !== change.after),
    ...deleted.map(ref => ({ ref, before: before.get(ref) ?? NO_COMMIT, after: NO_COMMIT })),
  ]
}

/** The default branch after a push: the current one if it exists, else `master`, `main` or any other branch. */
export function chooseDefaultBranch(current: string, refs: Refs): string {
  const branches = [...refs.keys()].flatMap(ref => branchOf(ref) ?? [])
  const preferred = [current, 'master', 'main'].find(branch => branches.includes(branch))
  return preferred ?? branches[0] ?? current
}
