import { resolveBranch } from './commits.ts'
import type { Hub, PullRow } from './hub.ts'
import { networkOf, type Repository } from './repositories.ts'

/**
 * Computes `refs/pull/N/merge` in the background, as GitHub does: an immediate fetch finds none, or the one of an earlier head. A conflict
 * leaves the ref unchanged.
 */
export function computeMergeSoon(hub: Hub, id: number): void {
  const base = hub.repositories.get(hub.pulls.get(id)?.repository ?? 0)
  if (!base) return
  // Queued after the change that requests it.
  void hub.networkQueue
    .run(networkOf(base), () => computeMerge(hub, base, id))
    .catch(error => console.error('Unexpected error in the local GitHub:', error))
}

/** Starts to recompute the merge if the base branch has moved. */
export async function refreshMerge(hub: Hub, pull: PullRow): Promise<void> {
  const base = hub.repositories.get(pull.repository)
  const tip = base && (await resolveBranch(hub.git, hub.repositories.directoryOf(base), pull.base.ref))
  if (tip && (pull.merge?.base !== tip || pull.merge.head !== pull.head.sha)) computeMergeSoon(hub, pull.id)
}

async function computeMerge(hub: Hub, repository: Repository, id: number): Promise<void> {
  const pull = hub.pulls.get(id)
  const directory = hub.repositories.directoryOf(repository)
  const base = pull && (await resolveBranch(hub.git, directory, pull.base.ref))
  if (!pull || !base || pull.state !== 'open') return
  const sha = await mergeCommit(hub, directory, pull, base)
  if (sha) await hub.git.text(directory, ['update-ref', `refs/pull/${pull.number}/merge`, sha])
  hub.pulls.change(id, { base: { ...pull.base, sha: base }, merge: { base, head: pull.head.sha, sha } })
}

/** Null for a conflict. */
async function mergeCommit(
  { git }: Hub,
  directory: string,
  { head, base: { ref } }: PullRow,
  base: string,
): Promise<string | null> {
  const merged = await git
    .text(directory, ['merge-tree', '--write-tree', base, head.sha])
    .then(output => output.split('\n')[0]?.trim() ?? '')
    .catch(() => null)
  if (!merged) return null
  const identity = ['-c', 'user.name=GitHub', '-c', 'user.email=noreply@github.com']
  const parents = ['-p', base, '-p', head.sha, '-m', `Merge ${head.sha} into ${ref}`]
  return (await git.text(directory, [...identity, 'commit-tree', merged, ...parents])).trim()
}
