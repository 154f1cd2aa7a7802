import { RE2JS } from 're2js'
import { quote } from './key-path.ts'

/** Long enough for any rule a person writes, short enough that compiling a hostile one takes milliseconds. */
const LONGEST_RULE = 500

type Pattern = { regex: RE2JS; negated: boolean }

/**
 * What is wrong with a branch rule, as a sentence without its full stop; null if nothing is. A rule is a branch's
 * name, `/regex/`, or `!/regex/` (every branch that does not match).
 */
export function ruleMistake(rule: string): string | null {
  if (rule === '') return 'a branch rule must not be empty'
  if (rule.length > LONGEST_RULE) return `${quote(rule)} is longer than ${LONGEST_RULE} characters`
  const source = regexOf(rule)
  if (source === null) {
    // A branch cannot begin with a slash, and hardly with "!/": somebody meant a regular expression.
    return /^!?\//.test(rule)
      ? `${quote(rule)} is neither a branch name nor a regular expression, which ends with "/" and has no flags`
      : null
  }
  // The engine takes some of these for plain letters.
  if (/(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)/.test(source)) {
    return `${quote(rule)} uses a back-reference, which is not supported`
  }
  try {
    compile(rule)
    return null
  } catch (error) {
    return /\(\?<?[=!]/.test(source)
      ? `${quote(rule)} uses look-around, which is not supported; "!/regex/" stands for "does not match"`
      : `${quote(rule)} is not a valid regular expression: ${reasonOf(error)}`
  }
}

/**
 * The rules that match a branch, the one that counts first: the exact name, then regular expressions in the order
 * given. They come from strangers, so their time is linear in the branch's length (RE2). Rules that
 * `ruleMistake` refuses match nothing.
 */
export function matchingRules(rules: readonly string[], branch: string): string[] {
  const exact = rules.filter(rule => rule === branch)
  const regexes = rules.filter(rule => regexOf(rule) !== null && ruleMistake(rule) === null)
  return [...exact, ...regexes.filter(rule => matches(compile(rule), branch))]
}

/** What the groups of a `/regex/` rule caught in a branch, the first at 1; nothing for any other rule. */
export function groupsOf(rule: string, branch: string): readonly (string | null)[] {
  if (regexOf(rule) === null || rule.startsWith('!') || ruleMistake(rule) !== null) return []
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
