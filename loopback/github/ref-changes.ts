import type { Git } from './git.ts'

export type Refs = ReadonlyMap<string, string>
export type RefChange = { ref: string; before: string; after: string }

/** Stands for "no commit": before a ref was made, and after it was deleted. */
export const NO_COMMIT = '0'.repeat(40)
const BRANCH = 'refs/heads/'

export const branchOf = (ref: string) => (ref.startsWith(BRANCH) ? ref.slice(BRANCH.length) : null)

/** The branches and tags as they are now. */
export async function readRefs(git: Git, repository: string): Promise<Refs> {
  const format = '--format=%(objectname) %(refname)'
  const lines = await git.text(repository, ['for-each-ref', format, 'refs/heads', 'refs/tags'])
  const refs = new Map<string, string>()
  for (const line of lines.split('\n').filter(Boolean))
    refs.set(line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' ')))
  return refs
}

/** What has to happen to `before` so that it becomes `after`: first what is new or moved, then what is gone. */
export function compareRefs(before: Refs, after: Refs): RefChange[] {
  const present = [...after].map(([ref, sha]) => ({ ref, before: before.get(ref) ?? NO_COMMIT, after: sha }))
  const gone = [...before.keys()].filter(ref => !after.has(ref))
  return [
    ...present.filter(change => change.before !== change.after),
    ...gone.map(ref => ({ ref, before: before.get(ref) ?? NO_COMMIT, after: NO_COMMIT })),
  ]
}

/** The default branch after a push: the one there was, or else `master`, `main` or any other that is there now. */
export function chooseDefaultBranch(current: string, refs: Refs): string {
  const branches = [...refs.keys()].flatMap(ref => branchOf(ref) ?? [])
  const preferred = [current, 'master', 'main'].find(branch => branches.includes(branch))
  return preferred ?? branches[0] ?? current
}
