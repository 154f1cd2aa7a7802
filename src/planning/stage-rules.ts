import { groupsOf, matchingRules } from '../config/branch-rules.ts'
import type { StageRule } from '../config/config.ts'
import { keyPath, quote } from '../config/key-path.ts'
import { STAGE_NAME, STAGE_NAME_RULE } from '../model/names.ts'

/** The stage of a branch. */
export type StageChoice = {
  name: string
  /** The path of the rule that chose it, such as `stages.master`. */
  rule: string
  overrides: Omit<StageRule, 'stage'>
  /** Set if a later rule maps the branch to another stage. */
  note: string | null
  /** Why the name is invalid, in a sentence. Null if it is valid. */
  error: string | null
}

/** The stage that a branch is deployed to. Rules match as in `branches`. Null if none matches. */
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
      : `Branch ${quote(branch)} maps to stage ${name} by ${rule}. ` +
        `${keyPath(['stages', other])} (stage ${stages[other]?.stage}) matches too, but the first rule wins.`
  const url = overrides.url && fill(overrides.url, groupsOf(first, branch), encodeURIComponent)
  const error = STAGE_NAME.test(name)
    ? null
    : `${rule} maps branch ${quote(branch, 100)} to ${quote(name, 100)}, which is not a valid stage name (${STAGE_NAME_RULE}).`
  return { name, rule, overrides: { ...overrides, url }, note, error }
}

/** Replaces `$1` to `$9` by the captured groups. A group that captured nothing becomes empty. */
const fill = (template: string, groups: readonly (string | null)[], encode: (group: string) => string) =>
  template.replace(/\$([1-9])/g, (_, index) => encode(groups[Number(index)] ?? ''))
