import type { Build } from '../model/build.ts'
import { matchingRules } from './branch-rules.ts'
import { BUILT_IN } from './defaults.ts'
import { isObject, type JsonObject } from './json.ts'
import { keyPath } from './key-path.ts'

export type Subject = Pick<Build, 'event' | 'branch' | 'isFork' | 'isPrivate'>

/** The rule that applies to a build: its path, such as `branches.master`, and the keys that it sets. */
export type Rule = { name: string; values: JsonObject }

/**
 * The rule that applies to a build: of `branches` for a push, of `pullRequests` for a pull request or merge group
 * (a merge group counts as a pull request of the repository itself). Null if none applies. `true` and `false` are
 * short for `{"build": …}`.
 */
export function applyingRule(subject: Subject, merged: JsonObject): Rule | null {
  const key = subject.event === 'push' ? 'branches' : 'pullRequests'
  const rules = merged[key]
  if (typeof rules === 'boolean') return { name: key, values: { build: rules } }
  if (!isObject(rules)) return null
  const name = subject.event === 'push' ? branchRule(rules, subject.branch) : pullRequestRule(subject)
  if (name === undefined || !Object.hasOwn(rules, name)) return null
  const rule = rules[name]
  return {
    name: keyPath([key, name]),
    values: isObject(rule) ? rule : { build: rule === BUILT_IN ? true : rule },
  }
}

/**
 * The rule in `stages` for which a push is built although `branches` does not build it. Null if there is none, or if a rule in `branches`
 * says `false`.
 */
export function buildingStage(subject: Subject, merged: JsonObject): string | null {
  const { stages, build } = merged
  if (subject.event !== 'push' || build === true || !isObject(stages)) return null
  if (applyingRule(subject, merged)?.values.build === false) return null
  const [rule] = matchingRules(Object.keys(stages), subject.branch)
  return rule === undefined ? null : keyPath(['stages', rule])
}

/** Whether `pullRequests.merge` requests the merge of a pull request. A merge group is already a merge. */
export const testsMerge = ({ event }: Subject, { pullRequests }: JsonObject): boolean =>
  event === 'pull_request' && isObject(pullRequests) && pullRequests.merge === true

/**
 * Custom rules take precedence over built-in ones, except for `master`: as in LambCI, its built-in rule is an exact name, which takes
 * precedence over regular expressions.
 */
function branchRule(rules: JsonObject, branch: string): string | undefined {
  const written = Object.keys(rules).filter(name => rules[name] !== BUILT_IN)
  const builtIn = Object.hasOwn(rules, branch) && rules[branch] === BUILT_IN ? branch : undefined
  return (branch === 'master' ? builtIn : undefined) ?? matchingRules(written, branch)[0] ?? builtIn
}

/** A note about a rule that does not count because of the built-in rule for `master`. Null if there is none. */
export function noteShadowedRule({ event, branch }: Subject, { branches }: JsonObject): string | null {
  if (event !== 'push' || branch !== 'master' || !isObject(branches) || branches.master !== BUILT_IN)
    return null
  const [shadowed] = matchingRules(Object.keys(branches), branch).filter(name => name !== branch)
  const rule = shadowed === undefined ? true : branches[shadowed]
  const onlyBuilds = rule === true || (isObject(rule) && Object.keys(rule).join() === 'build' && rule.build)
  if (shadowed === undefined || onlyBuilds) return null
  return (
    `${keyPath(['branches', shadowed])} does not count for "master": its built-in rule goes before regular expressions, as in LambCI. ` +
    'Add "master" to "branches" to change that.'
  )
}

function pullRequestRule({ event, isFork, isPrivate }: Subject): string {
  const origin = isFork && event !== 'merge_group' ? 'Fork' : 'Self'
  return `from${origin}${isPrivate ? 'Private' : 'Public'}Repo`
}
