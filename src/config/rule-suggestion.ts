import { isBranchName } from '../model/ref-name.ts'

/** Look-ahead that excludes names by how they begin. */
const EXCLUDING = /^\/\^\(\?!([^()]+)\)(?:\.\*)?\$?\/$/
const FLAGGED = /^(!?)\/(.+)\/([dgimsuvy]{1,8})$/s
/** What people write in regular expressions, but hardly ever in globs or names. */
const REGEX = /^\^|\$$|\.\+|(?<![\w*])\.\*|\\[dwsbDWS./-]|\][+{]|\([^()]*\|[^()]*\)/
const ALL = /^\*+(\/\*+)*$/
const GLOB_TOKENS = /\*\*\/|\*+|\?|\[!?[^\]/]+\]|\{[^{}]*\}|[^*?[{]+|[[{]/g

/**
 * The branch rule that was meant by a text that is none: by a glob, a full ref, a name with spaces around it, or a
 * regular expression without slashes. Null if that is not clear. The caller validates it.
 */
export function suggestRule(rule: string): string | null {
  const text = rule.trim()
  const [, sign, source, flags] = FLAGGED.exec(text) ?? []
  if (source !== undefined) return `${sign}/${flags?.includes('i') ? '(?i)' : ''}${source}/`
  const [, excluded] = EXCLUDING.exec(text) ?? []
  if (excluded !== undefined) return `!/^${excluded}/`
  const isNegated = text.startsWith('!')
  const isRegex = /^!?\/.*\/$/s.test(text)
  const slashed = text.replace(/^\/\^\\?\//, '/^').replace(/\/\$\/$/, '//')
  if (isRegex && slashed !== text) return slashed
  const name = text
    .replace(/^!\s*/, '')
    .replace(/^\/(.*?)\/?$/s, '$1')
    .trim()
    .replace(/^(\^?)refs\\?\/heads\\?\//, '$1')
  const regex = (pattern: string) => `${isNegated ? '!' : ''}/${pattern}/`
  if (ALL.test(name)) return regex('.*')
  if (isBranchName(name) && !isRegex && !/[{|]/.test(name))
    return isNegated ? regex(`^${literal(name)}$`) : name
  if (REGEX.test(name)) return regex(anchored(name.replace(/(?<!\\)((?:\\\\)*)\//g, '$1\\/')))
  const pattern = alternativesIn(name)
  if (pattern !== null) return regex(pattern)
  if (/[*?[{]/.test(name)) return regex(`^${name.match(GLOB_TOKENS)?.map(globToken).join('')}$`)
  return isBranchName(name.replace(/\/+$/, '')) && !isRegex ? regex(`^${literal(name)}`) : null
}

/** The rule for the branches in a list such as `main,develop`, which may itself be the name of one. Null for other names. */
export function suggestAlternatives(name: string): string | null {
  const pattern = /^!?\/|\s/.test(name) ? null : alternativesIn(name)
  return pattern && `/${pattern}/`
}

function alternativesIn(list: string): string | null {
  const parts = list.replace(/^\((.*)\)$/, '$1').split(/\s*[,|]\s*|\s+/)
  return parts.length > 1 && parts.every(isBranchName) ? `^(${parts.map(literal).join('|')})$` : null
}

/** Other systems match the whole name, and `*` after a letter is one of a glob. */
function anchored(source: string): string {
  if (/^\^|\$$/.test(source)) return source
  return `^${source.replace(/(?<=\w)\*/g, '.*')}$`
}

const literal = (text: string) => text.replace(/[.+*?^$(){}|[\]\\/]/g, '\\$&')

function globToken(token: string): string {
  if (token === '**/') return '(.*\\/)?'
  if (token.startsWith('*')) return '.*'
  if (token === '?') return '.'
  if (token.startsWith('[') && token.endsWith(']')) return token.replace(/^\[!/, '[^')
  if (token.startsWith('{') && token.includes(','))
    return `(${token.slice(1, -1).split(',').map(literal).join('|')})`
  return literal(token)
}
