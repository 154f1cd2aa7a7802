import { groupsOf, matchingRules } from '../config/branch-rules.ts'
import type { StageRule } from '../config/config.ts'
import { keyPath, quote } from '../config/key-path.ts'

/** The stage of a branch: its name, the rule that said so, how it is deployed, and a note where another rule would say otherwise. */
export type StageChoice = {
  name: string
  rule: string
  overrides: Omit<StageRule, 'stage'>
  note: string | null
  /** Why the name cannot be one, in a sentence; null when it can. */
  error: string | null
}

const NAME = /^[a-z][a-z0-9-]{0,39}$/

/** Which stage a branch is deployed to, by the same matching as `branches`; null for none. */
export function chooseStage(stages: Readonly<Record<string, StageRule>>, branch: string): StageChoice | null {
  const [first, ...others] = matchingRules(Object.keys(stages), branch)
  const chosen = first === undefined ? undefined : stages[first]
  if (first === undefined || !chosen) return null
  const rule = keyPath(['stages', first])
  const { stage, ...overrides } = chosen
  const name = fill(stage, groupsOf(first, branch), group => group)
  const other = others.find(each => stages[each]?.stage !== stage)
  const note =
    other === undefined
      ? null
      : `Branch ${quote(branch)} has stage ${name} by ${rule}; ` +
        `${keyPath(['stages', other])} would match too (stage ${stages[other]?.stage}), but the first rule counts.`
  const url = overrides.url && fill(overrides.url, groupsOf(first, branch), encodeURIComponent)
  const error = NAME.test(name)
    ? null
    : `${rule} makes ${quote(name, 100)} of branch ${quote(branch, 100)}, which is no stage name: lower-case letters, digits and dashes, a letter first, 40 at most.`
  return { name, rule, overrides: { ...overrides, url }, note, error }
}

/** `$1` becomes what the first group caught; what caught nothing leaves nothing. */
const fill = (template: string, groups: readonly (string | null)[], write: (group: string) => string) =>
  template.replace(/\$([1-9])/g, (_, index) => write(groups[Number(index)] ?? ''))
