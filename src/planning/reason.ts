import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import type { Build } from '../model/build.ts'

/** The fields of a build that determine its plan. */
export type PlanInput = Pick<
  Build,
  'event' | 'branch' | 'checkoutBranch' | 'isFork' | 'isPrivate' | 'pullRequest' | 'trust' | 'target'
>

type Decision = Pick<Resolved, 'rule' | 'stageRule' | 'sources'>

/** Why a build runs, in one sentence. */
export function explainBuilt(build: PlanInput, { rule, stageRule, sources }: Decision): string {
  if (stageRule !== null) return `${describeTrigger(build)} is built: ${stageRule} names a stage for it.`
  const cause =
    rule?.values.build === true
      ? `${rule.name} enables it`
      : `"build" is true in ${sources.get('build')?.at(-1)}`
  return `${describeTrigger(build)} is built: ${cause}.`
}

/** Why no build runs and, if a rule is missing, how to add it. */
export function explainNotBuilt(build: PlanInput, { rule }: Decision): string {
  const subject = `${describeTrigger(build)} is not built`
  if (rule === null) {
    return build.event === 'push'
      ? `${subject}: no rule in "branches" matches it. Add ${quote(build.branch)}: true to "branches" in .lambci.json to build it.`
      : `${subject}: "pullRequests" has no rule for ${describeOrigin(build)}.`
  }
  if (rule.values.build === false)
    return `${subject}: ${rule.name} disables ${describeScope(build, rule.name)}.`
  return `${subject}: ${rule.name} does not set "build": true, and the top-level "build" is false.`
}

/** Describes the builds that a rule with `false` disables. */
function describeScope(build: PlanInput, rule: string): string {
  if (build.event === 'push') return rule === 'branches' ? 'all branches' : 'it'
  return rule === 'pullRequests' ? 'all pull requests' : describeOrigin(build)
}

function describeTrigger({ event, branch, pullRequest }: PlanInput): string {
  if (event === 'push' || event === 'deploy') return `Branch ${quote(branch)}`
  return event === 'pull_request'
    ? `Pull request #${pullRequest}`
    : `The merge group for branch ${quote(branch)}`
}

function describeOrigin({ event, isFork, isPrivate }: PlanInput): string {
  const repository = `${isPrivate ? 'private' : 'public'} repository`
  return isFork && event !== 'merge_group'
    ? `pull requests from forks of a ${repository}`
    : `pull requests from branches of a ${repository}`
}
