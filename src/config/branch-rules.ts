import { RE2JS } from 're2js'
import { quote } from './key-path.ts'

/** Enough for any sensible rule, and short enough that a hostile one compiles within milliseconds. */
const MAX_RULE_LENGTH = 500

type Pattern = { regex: RE2JS; negated: boolean }

/**
 * What is wrong with a branch rule, as a sentence without its full stop. Null if it is valid. A rule is the name of a
 * branch, `/regex/`, or `!/regex/` (all branches that do not match).
 */
export function ruleError(rule: string): string | null {
  if (rule === '') return 'a branch rule must not be empty'
  if (rule.length > MAX_RULE_LENGTH) return `${quote(rule)} is longer than ${MAX_RULE_LENGTH} characters`
  const source = regexOf(rule)
  if (source === null) {
    // No branch name starts with a slash, and hardly any with "!/": this was meant to be a regular expression.
    return /^!?\//.test(rule)
      ? `${quote(rule)} is neither a branch name nor a regular expression: write /regex/ without flags`
      : null
  }
  // RE2 accepts some of these as plain letters.
  if (/(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)/.test(source)) {
    return `${quote(rule)} uses a back-reference, which is not supported (RE2 syntax)`
  }
  try {
    compile(rule)
    return null
  } catch (error) {
    return /\(\?<?[=!]/.test(source)
      ? `${quote(rule)} uses look-around, which is not supported (RE2 syntax); use "!/regex/" for branches that do not match`
      : `${quote(rule)} is not a valid regular expression: ${reasonOf(error)}`
  }
}

/**
 * The rules that match a branch, by precedence: the exact name first, then regular expressions in the given order.
 * Rules are untrusted, so matching takes linear time (RE2). Rules that `ruleError` refuses match nothing.
 */
export function matchingRules(rules: readonly string[], branch: string): string[] {
  const exact = rules.filter(rule => rule === branch)
  const regexes = rules.filter(rule => regexOf(rule) !== null && ruleError(rule) === null)
  return [...exact, ...regexes.filter(rule => matches(compile(rule), branch))]
}

/** The groups that a `/regex/` rule captures in a branch name, the first at index 1. Empty for any other rule. */
export function groupsOf(rule: string, branch: string): readonly (string | null)[] {
  if (regexOf(rule) === null || rule.startsWith('!') || ruleError(rule) !== null) return []
  const matcher = compile(rule).regex.matcher(branch)
  if (!matcher.find()) return []
  return Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index))
}

const matches = ({ regex, negated }: Pattern, branch: string) => regex.matcher(branch).find() !== negated

function regexOf(rule: string): string | null {
  return /^!?\/(.+)\/$/s.exec(rule)?.[1] ?? null
}

function compile(rule: string): Pattern {
  const source = RE2JS.translateRegExp(regexOf(rule) ?? '')
  return { regex: RE2JS.compile(source), negated: rule.startsWith('!') }
}

const reasonOf = (error: unknown) =>
  (error instanceof Error ? error.message : String(error))
    .replace('error parsing regexp: ', '')
    .replaceAll('`', '"')
