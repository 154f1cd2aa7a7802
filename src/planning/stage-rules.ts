import { groupsOf, matchingRules } from '../config/branch-rules.ts'
import type { StageRule } from '../config/config.ts'
import { keyPath, quote } from '../config/key-path.ts'
import { STAGE_NAME, STAGE_NAME_RULE } from '../model/names.ts'

/** A stage of a branch. */
export type StageChoice = {
  name: string
  /** The path of the rule that chose it, such as `stages.master`. */
  rule: string
  overrides: Omit<StageRule, 'stage'>
  /** Why the name is invalid, in a sentence. Null if it is valid. */
  error: string | null
}

type Stages = Readonly<Record<string, readonly StageRule[]>>

/** The stages that a branch is deployed to, in order. Rules match as in `branches`. Empty if none matches. */
export function chooseStages(stages: Stages, branch: string): StageChoice[] {
  const [first] = matchingRules(Object.keys(stages), branch)
  if (first === undefined) return []
  const rule = keyPath(['stages', first])
  return (stages[first] ?? []).map(({ stage, ...overrides }) => {
    const name = fill(stage, groupsOf(first, branch), group => group)
    const url = overrides.url && fill(overrides.url, groupsOf(first, branch), encodeURIComponent)
    const error = STAGE_NAME.test(name)
      ? null
      : `${rule} maps branch ${quote(branch, 100)} to ${quote(name, 100)}, which is not a valid stage name (${STAGE_NAME_RULE}).`
    return { name, rule, overrides: { ...overrides, url }, error }
  })
}

/** A note if a later rule maps the branch to another stage; null if none does. */
export function noteOtherRule(stages: Stages, branch: string): string | null {
  const [first, ...others] = matchingRules(Object.keys(stages), branch)
  const namesOf = (rule: string) => (stages[rule] ?? []).map(({ stage }) => stage).join(', then ')
  const other = others.find(each => first !== undefined && namesOf(each) !== namesOf(first))
  const [chosen] = chooseStages(stages, branch)
  if (first === undefined || other === undefined || !chosen) return null
  return (
    `Branch ${quote(branch)} maps to stage ${chosen.name} by ${keyPath(['stages', first])}. ` +
    `${keyPath(['stages', other])} (stage ${namesOf(other)}) matches too, but the first rule wins.`
  )
}

/** Replaces `$1` to `$9` by the captured groups. A group that captured nothing becomes an empty text. */
const fill = (template: string, groups: readonly (string | null)[], encode: (group: string) => string) =>
  template.replace(/\$([1-9])/g, (_, index) => encode(groups[Number(index)] ?? ''))
