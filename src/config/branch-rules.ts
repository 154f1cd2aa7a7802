import { RE2JS } from 're2js'
import { escapeControls } from '../model/escape-controls.ts'
import { isBranchName } from '../model/ref-name.ts'
import { isFoundInEvery } from './found-in-every-name.ts'
import { explainFoundInNone } from './found-in-no-name.ts'
import { quote } from './key-path.ts'
import { type Program, programOf } from './rule-program.ts'
import { suggestRule } from './rule-suggestion.ts'

/** Enough for any sensible rule. */
const MAX_RULE_LENGTH = 500

type Pattern = { regex: RE2JS; negated: boolean }
type Compiled = Pattern | { syntaxError: string }

/**
 * The error in a branch rule and its fix, as sentences without the last full stop. Null if the rule is valid. A rule is the name of a
 * branch, `/regex/`, or `!/regex/` (all branches that do not match). A rule that can match no branch is not valid.
 */
export function ruleError(rule: string): string | null {
  const error = errorIn(rule)
  if (error === null) return null
  const suggestion = suggestionFor(rule)
  return suggestion === null ? error : `${error}. Write ${quote(suggestion, MAX_RULE_LENGTH)}`
}

/** The valid rule that was meant. Null if that is not clear. */
export const validRule = (rule: string): string | null =>
  errorIn(rule) === null ? rule : suggestionFor(rule)

function suggestionFor(rule: string): string | null {
  const suggestion = rule.length > MAX_RULE_LENGTH ? null : suggestRule(rule)
  return suggestion !== null && errorIn(suggestion) === null ? suggestion : null
}

function errorIn(rule: string): string | null {
  if (rule === '') return 'a branch rule must not be empty'
  if (rule.length > MAX_RULE_LENGTH) return `${quote(rule)} is longer than ${MAX_RULE_LENGTH} characters`
  const source = regexOf(rule)
  return source === null ? nameError(rule) : regexError(rule, source)
}

/** Names that no branch can have are refused: such a rule would never match. */
function nameError(name: string): string | null {
  // No branch name starts with a slash, and hardly any with "!": this was meant to be a regular expression.
  if (/^!?\//.test(name))
    return `${quote(name)} is neither a branch name nor a regular expression, which is /regex/ without flags`
  if (name.startsWith('!')) return `${quote(name)} is no branch rule: "!" goes before /regex/ only`
  return isBranchName(name) ? null : `${quote(name)} cannot be the name of a branch: ${reasonAgainst(name)}`
}

function reasonAgainst(name: string): string {
  if (name.trim() !== name) return 'it begins or ends with a space'
  if (name.startsWith('refs/')) return 'branches are named without "refs/heads/"'
  if (name.endsWith('/')) return 'it ends with "/"'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids them
  const [character] = /[\u0000-\u0020\u007f~^:?*[\\]/.exec(name) ?? []
  return character === undefined ? 'git does not allow it' : `git does not allow ${quote(character)} in it`
}

function regexError(rule: string, source: string): string | null {
  const compiled = compile(rule, source)
  if ('syntaxError' in compiled) return compiled.syntaxError
  const { regex, negated } = compiled
  if (negated && /^\^\(?refs\\?\/(heads|remotes|tags)\\?\//.test(source))
    return `${quote(rule)} excludes no branch: rules see its name without "refs/heads/"`
  if (negated)
    return isFoundInEvery(programOf(regex))
      ? `${quote(rule)} matches no branch: every name matches ${quote(rule.slice(1))}`
      : null
  const reason = explainFoundInNone(programOf(regex))
  return reason === null ? null : `${quote(rule)} matches no branch: ${reason}`
}

function compile(rule: string, source: string): Compiled {
  // RE2 accepts some of these as plain letters.
  if (/(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)/.test(source))
    return { syntaxError: `${quote(rule)} uses a back-reference, which is not supported (RE2 syntax)` }
  try {
    return { regex: RE2JS.compile(RE2JS.translateRegExp(source)), negated: rule.startsWith('!') }
  } catch (error) {
    const syntaxError = /\(\?<?[=!]/.test(source)
      ? `${quote(rule)} uses look-around, which is not supported (RE2 syntax); use "!/regex/" for branches that do not match`
      : `${quote(rule)} is not a valid regular expression: ${reasonOf(error)}`
    return { syntaxError }
  }
}

/**
 * The rules that match a branch, by precedence: the exact name first, then regular expressions in the given order.
 * Rules are untrusted, so matching takes linear time (RE2). Rules that `ruleError` refuses match nothing.
 */
export function matchingRules(rules: readonly string[], branch: string): string[] {
  const exact = rules.filter(rule => rule === branch)
  return [...exact, ...rules.filter(rule => matches(patternOf(rule), branch))]
}

/** The groups that a `/regex/` rule captures in a branch name, the first at index 1. Empty for any other rule. */
export function groupsOf(rule: string, branch: string): readonly (string | null)[] {
  const pattern = capturing(rule)
  if (pattern === null) return []
  const matcher = pattern.regex.matcher(branch)
  if (!matcher.find()) return []
  return Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index))
}

/** How many groups a rule captures. */
export const groupCountOf = (rule: string): number => capturing(rule)?.regex.groupCount() ?? 0

/** The compiled form of a rule that can capture groups. Null for any other rule. */
export function programOfRule(rule: string): Program | null {
  const pattern = capturing(rule)
  return pattern && programOf(pattern.regex)
}

function capturing(rule: string): Pattern | null {
  const pattern = patternOf(rule)
  return pattern === null || pattern.negated ? null : pattern
}

const matches = (pattern: Pattern | null, branch: string) =>
  pattern !== null && pattern.regex.matcher(branch).find() !== pattern.negated

function regexOf(rule: string): string | null {
  return /^!?\/(.+)\/$/s.exec(rule)?.[1] ?? null
}

/** Null for the name of a branch, and for an invalid regular expression. */
function patternOf(rule: string): Pattern | null {
  const source = regexOf(rule)
  if (source === null || rule.length > MAX_RULE_LENGTH) return null
  const compiled = compile(rule, source)
  return 'syntaxError' in compiled ? null : compiled
}

/** The message of an error. The library quotes the expression unescaped. */
const reasonOf = (error: unknown) =>
  escapeControls(error instanceof Error ? error.message : String(error))
    .replace('error parsing regexp: ', '')
    .replaceAll('`', '"')
