import type { Build } from '../model/build.ts'
import { splitOf, unpackShards } from '../model/split.ts'
import { type Draft, readPlan } from '../records/plan-record.ts'
import type { Store } from '../records/store.ts'

type Repeating = Pick<Build, 'project' | 'retryOf' | 'target' | 'repeats' | 'rebuildOf'>

/**
 * A draft that divides files like the repeated or deployed build, whatever seconds are known now: old and new shards together run each
 * file, and a repeated shard runs the same files. The lead cannot change that. If the files differ, they are left as they are.
 */
export async function keepSplits(
  store: Store,
  { project, retryOf, target, repeats, rebuildOf }: Repeating,
  draft: Draft,
): Promise<Draft> {
  const number = retryOf ?? target?.of ?? (repeats && rebuildOf)
  if (number === null || !draft.splits) return draft
  const earlier = await readPlan(store, { project, number })
  const sameAs = (name: string) => {
    const [now, before] = [splitOf(draft, name), earlier ? splitOf(earlier, name) : undefined]
    return now && before?.digest === now.digest && before.files === now.files ? before : undefined
  }
  return {
    ...draft,
    splits: draft.splits.map(split => sameAs(split.job) ?? split),
    jobs: draft.jobs.map(job => {
      const split = sameAs(job.name)
      return split ? { ...job, shards: Math.max(...unpackShards(split)) } : job
    }),
  }
}
