import { RE2JS } from 're2js'
import { isBranchName } from '../model/ref-name.ts'
import { quote } from './key-path.ts'
import { suggestRule } from './rule-suggestion.ts'

/** Enough for any sensible rule, and short enough that a hostile one compiles within milliseconds. */
const MAX_RULE_LENGTH = 500

/** Tokens of regular expressions that stand for a character that git does not allow in names. */
const IMPOSSIBLE = /^(\\[*?[^~: s]|[~: ])$/

type Pattern = { regex: RE2JS; negated: boolean }

/**
 * What is wrong with a branch rule and what to write instead, as sentences without the last full stop. Null if it is
 * valid. A rule is the name of a branch, `/regex/`, or `!/regex/` (all branches that do not match).
 */
export function ruleError(rule: string): string | null {
  const error = errorIn(rule)
  if (error === null) return null
  const suggestion = rule.length > MAX_RULE_LENGTH ? null : suggestRule(rule)
  if (suggestion === null || suggestion === rule || errorIn(suggestion) !== null) return error
  return `${error}. Write ${quote(suggestion, MAX_RULE_LENGTH)}`
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
  // RE2 accepts some of these as plain letters.
  if (/(?<!\\)(?:\\\\)*\\(?:[1-9]|k<)/.test(source)) {
    return `${quote(rule)} uses a back-reference, which is not supported (RE2 syntax)`
  }
  try {
    compile(rule)
  } catch (error) {
    return /\(\?<?[=!]/.test(source)
      ? `${quote(rule)} uses look-around, which is not supported (RE2 syntax); use "!/regex/" for branches that do not match`
      : `${quote(rule)} is not a valid regular expression: ${reasonOf(error)}`
  }
  if (/^\^\(?refs\\?\/(heads|remotes|tags)\\?\//.test(source))
    return `${quote(rule)} matches no branch: rules see its name without "refs/heads/"`
  const reason = rule.startsWith('!') ? null : reasonAgainstRegex(source)
  return reason === null ? null : `${quote(rule)} matches no branch: ${reason}`
}

/**
 * Why a regular expression without groups and alternatives matches no branch: it requires something that git does not
 * allow in names. Null if it may match.
 */
function reasonAgainstRegex(source: string): string | null {
  const tokens: readonly string[] = source.match(/\\.|\[(?:\\.|[^\]\\])*\]|./gs) ?? []
  if (tokens.includes('(') || tokens.includes('|')) return null
  if (/^\^\\?\/(?![?*{])/.test(source) || /\/\$$/.test(source)) return 'no name begins or ends with "/"'
  const required = tokens.find((token, at) => IMPOSSIBLE.test(token) && !/^[?*{]/.test(tokens[at + 1] ?? ''))
  if (required === undefined) return null
  const character = required.at(-1)
  return character === ' ' || character === 's'
    ? 'no name contains a space'
    : `no name contains ${quote(character)}`
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
