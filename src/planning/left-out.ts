import { matchingRules } from '../config/branch-rules.ts'
import type { JobConfig } from '../config/jobs/job-config.ts'
import { jobPath } from '../config/jobs/job-path.ts'
import { quote } from '../config/key-path.ts'
import { explainIrrelevantChange } from './paths.ts'
import type { PlanInput } from './reason.ts'

const EVENTS = { push: 'push', pull_request: 'pullRequest', merge_group: 'mergeGroup' } as const
const PLURALS = { push: 'pushes', pullRequest: 'pull requests', mergeGroup: 'merge groups' }

type Rules = Pick<JobConfig, 'on' | 'branches' | 'paths'>

/** Whether a job takes part in a build, and why, in a sentence. */
export function decideTakingPart(
  name: string,
  rules: Rules,
  build: PlanInput,
  changedFiles: readonly string[] | null,
): { isLeftOut: boolean; reason: string } {
  const leftOut = explainLeftOut(name, rules, build, changedFiles)
  return leftOut === null
    ? { isLeftOut: false, reason: explainTakingPart(name, rules, build, changedFiles) }
    : { isLeftOut: true, reason: leftOut }
}

/** Null if it takes part. */
function explainLeftOut(
  name: string,
  { on, branches, paths }: Rules,
  { event, branch }: PlanInput,
  changedFiles: readonly string[] | null,
): string | null {
  const own = event === 'deploy' ? null : EVENTS[event]
  if (on !== null && !on.some(each => each === own))
    return `${jobPath(name, 'on')} is for ${on.map(each => PLURALS[each]).join(' and ')} only.`
  if (branches !== null) {
    const [rule] = matchingRules(Object.keys(branches), branch)
    if (rule === undefined) return `No rule in ${jobPath(name, 'branches')} matches ${quote(branch)}.`
    if (!branches[rule])
      return `The rule ${quote(rule)} in ${jobPath(name, 'branches')} excludes ${quote(branch)}.`
  }
  return event === 'push' ? explainIrrelevantChange(paths, changedFiles, jobPath(name, 'paths')) : null
}

/** Why a job that is not left out takes part. */
function explainTakingPart(
  name: string,
  { on, branches, paths }: Rules,
  { event, branch }: PlanInput,
  changedFiles: readonly string[] | null,
): string {
  const [rule = ''] = branches === null ? [] : matchingRules(Object.keys(branches), branch)
  const reasons = [
    ...(on === null ? [] : [`${jobPath(name, 'on')} is for ${on.map(each => PLURALS[each]).join(' and ')}`]),
    ...(branches === null ? [] : [`the rule ${quote(rule)} in ${jobPath(name, 'branches')} matches`]),
    ...(paths === null ? [] : [`${explainChange(event, changedFiles)} (${jobPath(name, 'paths')})`]),
  ]
  return reasons.length === 0 ? 'It takes part in every build.' : `It takes part: ${reasons.join(', and ')}.`
}

function explainChange(event: PlanInput['event'], changedFiles: readonly string[] | null): string {
  if (event !== 'push') return 'only pushes leave it out'
  return changedFiles === null || changedFiles.length === 0
    ? 'the changed files are not known'
    : 'a changed file is covered'
}
