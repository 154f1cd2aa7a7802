import { matchingRules } from '../config/branch-rules.ts'
import type { JobConfig } from '../config/jobs/job-config.ts'
import { jobPath } from '../config/jobs/job-path.ts'
import { quote } from '../config/key-path.ts'
import { explainIrrelevantChange } from './paths.ts'
import type { PlanInput } from './reason.ts'

const EVENTS = { push: 'push', pull_request: 'pullRequest', merge_group: 'mergeGroup' } as const
const PLURALS = { push: 'pushes', pullRequest: 'pull requests', mergeGroup: 'merge groups' }

/** Why a job does not take part in a build, in a sentence. Null if it does. */
export function explainLeftOut(
  name: string,
  { on, branches, paths }: Pick<JobConfig, 'on' | 'branches' | 'paths'>,
  { event, branch }: PlanInput,
  changedFiles: readonly string[] | null,
): string | null {
  const own = event === 'deploy' ? null : EVENTS[event]
  if (on !== null && !on.some(each => each === own))
    return `${jobPath(name, 'on')} is for ${on.map(each => PLURALS[each]).join(' and ')} only.`
  const excluded = branches && explainBranch(name, branches, branch)
  if (excluded) return excluded
  if (event !== 'push') return null
  return explainIrrelevantChange(paths, changedFiles, jobPath(name, 'paths'))
}

function explainBranch(
  name: string,
  branches: Readonly<Record<string, boolean>>,
  branch: string,
): string | null {
  const [rule] = matchingRules(Object.keys(branches), branch)
  const path = jobPath(name, 'branches')
  if (rule === undefined) return `No rule in ${path} matches ${quote(branch)}.`
  return branches[rule] ? null : `${path}[${quote(rule)}] excludes ${quote(branch)}.`
}
