import type { Build } from '../model/build.ts'
import { matchingRules } from './branch-rules.ts'
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
  return { name: keyPath([key, name]), values: isObject(rule) ? rule : { build: rule } }
}

const branchRule = (rules: JsonObject, branch: string) => matchingRules(Object.keys(rules), branch)[0]

function pullRequestRule({ event, isFork, isPrivate }: Subject): string {
  const origin = isFork && event !== 'merge_group' ? 'Fork' : 'Self'
  return `from${origin}${isPrivate ? 'Private' : 'Public'}Repo`
}
