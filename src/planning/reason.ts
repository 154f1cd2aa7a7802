import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import type { Build } from '../model/build.ts'

/** What a plan needs to know of a job. */
export type PlanInput = Pick<
  Build,
  'event' | 'branch' | 'isFork' | 'isPrivate' | 'pullRequest' | 'trust' | 'target'
>

type Decided = Pick<Resolved, 'rule' | 'sources'>

/** Why a build is made, in one sentence. */
export function explainBuilt(build: PlanInput, { rule, sources }: Decided): string {
  const by =
    rule?.values.build === true
      ? `${rule.name} says so`
      : `"build" is true by ${sources.get('build')?.at(-1)}`
  return `${describeSubject(build)} is built: ${by}.`
}

/** Why no build is made, and what would make one. */
export function explainNotBuilt(build: PlanInput, { rule }: Decided): string {
  const subject = `${describeSubject(build)} is not built`
  if (rule === null) {
    return build.event === 'push'
      ? `${subject}: no rule in "branches" matches it. Add ${quote(build.branch)}: true to "branches" in .lambci.json to build it.`
      : `${subject}: "pullRequests" says nothing about ${describeOrigin(build)}.`
  }
  if (rule.values.build === false) return `${subject}: ${rule.name} says no${about(build, rule.name)}.`
  return `${subject}: ${rule.name} does not say "build": true, and "build" is false.`
}

function about(build: PlanInput, rule: string): string {
  if (build.event === 'push') return rule === 'branches' ? ' to every branch' : ''
  return ` to ${rule === 'pullRequests' ? 'every pull request' : describeOrigin(build)}`
}

function describeSubject({ event, branch, pullRequest }: PlanInput): string {
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
