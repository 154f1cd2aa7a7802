import { quote } from '../config/key-path.ts'
import type { Resolved } from '../config/resolve.ts'
import type { Job } from '../job/job.ts'

/** What a plan needs to know of a job. */
export type Planned = Pick<
  Job,
  'event' | 'branch' | 'isFork' | 'isPrivate' | 'pullRequest' | 'trust' | 'target'
>

type Decided = Pick<Resolved, 'rule' | 'sources'>

/** Why a build is made, in one sentence. */
export function explainBuilt(job: Planned, { rule, sources }: Decided): string {
  const by =
    rule?.says.build === true ? `${rule.name} says so` : `"build" is true by ${sources.get('build')?.at(-1)}`
  return `${describeSubject(job)} is built: ${by}.`
}

/** Why no build is made, and what would make one. */
export function explainNotBuilt(job: Planned, { rule }: Decided): string {
  const subject = `${describeSubject(job)} is not built`
  if (rule === null) {
    return job.event === 'push'
      ? `${subject}: no rule in "branches" matches it. Add ${quote(job.branch)}: true to "branches" in .lambci.json to build it.`
      : `${subject}: "pullRequests" says nothing about ${describeOrigin(job)}.`
  }
  if (rule.says.build === false) return `${subject}: ${rule.name} says no${about(job, rule.name)}.`
  return `${subject}: ${rule.name} does not say "build": true, and "build" is false.`
}

function about(job: Planned, rule: string): string {
  if (job.event === 'push') return rule === 'branches' ? ' to every branch' : ''
  return ` to ${rule === 'pullRequests' ? 'every pull request' : describeOrigin(job)}`
}

function describeSubject({ event, branch, pullRequest }: Planned): string {
  if (event === 'push' || event === 'deploy') return `Branch ${quote(branch)}`
  return event === 'pull_request'
    ? `Pull request #${pullRequest}`
    : `The merge group for branch ${quote(branch)}`
}

function describeOrigin({ event, isFork, isPrivate }: Planned): string {
  const repository = `${isPrivate ? 'private' : 'public'} repository`
  return isFork && event !== 'merge_group'
    ? `pull requests from forks of a ${repository}`
    : `pull requests from branches of a ${repository}`
}
