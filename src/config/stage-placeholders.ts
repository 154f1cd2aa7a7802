import { STAGE_NAME_RULE } from '../model/names.ts'
import { groupCountOf, programOfRule } from './branch-rules.ts'
import { explainFoundInNone } from './found-in-no-name.ts'
import { quote } from './key-path.ts'
import type { Program } from './rule-program.ts'
import { capturesOnly } from './stage-captures.ts'

/** As in STAGE_NAME. */
const MAX_STAGE_LENGTH = 40
const PLACEHOLDER = /\$([1-9])/g
const WITH_GROUP = '"/^release\\\\/([a-z0-9-]+)$/"'

/** Why the placeholders in a stage name or URL cannot be filled, and the fix, as sentences without the last full stop. Null if they can. */
export function placeholderError(rule: string, template: string): string | null {
  const indexes = [...template.matchAll(PLACEHOLDER)].map(([, index]) => Number(index))
  const count = groupCountOf(rule)
  const missing = indexes.find(index => index > count)
  if (missing === undefined) return null
  const subject = `"$${missing}" stands for group ${missing} of the rule`
  if (!/^\/.+\/$/s.test(rule))
    return `${subject}, but only a /regex/ has groups. Write a name without "$", such as "production"`
  return count === 0
    ? `${subject}, which has no group. Put what names the stage in parentheses, such as ${WITH_GROUP}`
    : `${subject}, which has only ${count}. Write "$${count}", or put another part in parentheses`
}

/** The same for the name of a stage, which must also become a valid one for some branch. */
export function stageTemplateError(rule: string, template: string): string | null {
  const error = placeholderError(rule, template)
  const program = programOfRule(rule)
  if (error !== null || program === null) return error
  const wrong = impossiblePart(program, template)
  if (wrong === null) return null
  return `${quote(wrong)} never gives a valid stage name (${STAGE_NAME_RULE}), whatever branch matches the rule. Capture only a part that can be one, such as in ${WITH_GROUP}`
}

/** The placeholder whose group captures nothing that is valid in the name, or the name if it is too long. */
function impossiblePart(program: Program, template: string): string | null {
  if (template.replace(PLACEHOLDER, '').length > MAX_STAGE_LENGTH) return template
  const placeholders = [...template.matchAll(PLACEHOLDER)]
  const impossible = placeholders.find(({ 0: text, 1: group, index }) => {
    const rest = template.slice(0, index) + template.slice(index + text.length)
    const mayBeEmpty = /^(?:[a-z]|\$[1-9])/.test(rest)
    const captures = { group: Number(group), isFirst: index === 0, mayBeEmpty }
    return explainFoundInNone(capturesOnly(program, captures)) !== null
  })
  return impossible?.[0] ?? null
}
