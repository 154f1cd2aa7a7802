import type { Build } from '../model/build.ts'
import { isObject, type JsonObject } from './json.ts'
import { keyPath } from './key-path.ts'
import { matchingRules } from './pattern.ts'

export type Subject = Pick<Build, 'event' | 'branch' | 'isFork' | 'isPrivate'>

/** The rule that applies to a build: its path, such as `branches.master`, and what it says. */
export type Rule = { name: string; says: JsonObject }

/**
 * The rule of `branches` (of a push) or `pullRequests` (of a pull request, or a merge group, which is the
 * repository's own) that applies; null if there is none. `true` and `false` are short for `{"build": …}`.
 */
export function applyingRule(subject: Subject, merged: JsonObject): Rule | null {
  const key = subject.event === 'push' ? 'branches' : 'pullRequests'
  const rules = merged[key]
  if (typeof rules === 'boolean') return { name: key, says: { build: rules } }
  if (!isObject(rules)) return null
  const name = subject.event === 'push' ? branchRule(rules, subject.branch) : pullRequestRule(subject)
  if (name === undefined || !Object.hasOwn(rules, name)) return null
  const says = rules[name]
  return { name: keyPath([key, name]), says: isObject(says) ? says : { build: says } }
}

const branchRule = (rules: JsonObject, branch: string) => matchingRules(Object.keys(rules), branch)[0]

function pullRequestRule({ event, isFork, isPrivate }: Subject): string {
  const whose = isFork && event !== 'merge_group' ? 'Fork' : 'Self'
  return `from${whose}${isPrivate ? 'Private' : 'Public'}Repo`
}
