import { isBranchName } from '../model/ref-name.ts'
import { globSource, isGlob, literal } from './glob-rule.ts'

/** Look-ahead that excludes names by how they begin. The rest of the expression matches anything. */
const EXCLUDING = /^\^\(\?!((?:[^()\\]|\\.|\((?!\?)(?:[^()\\]|\\.)*\))+)\)(?:\.[*+]\$?)?$/s
/** Flags that change nothing here, and `i`. Others would. */
const FLAGGED = /^(!?)\/(.+)\/([gimsu]{1,5})$/s
const USUAL_FLAGS = /^(g?i?m?|ig|mg|mi|u|s)$/
/** Signs of a regular expression that hardly ever occur in globs or names. */
const REGEX = /^\^|\$$|\.\+|(?<![\w*?])\.\*|\\[dw](?![A-Za-z])|\\[./-]|\][+{]|\([^()]*\|[^()]*\)/
const TOKENS = /\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|./gs
/** Several names: `main,dev`, `(main|dev)`, `{main,dev}`. */
const LIST = /^(?:@?\((.*)\)|\{(.*)\}|(.*))$/s
const PLAIN_NAME = /^[\w.#+-][\w./@#+-]*$/

/**
 * The branch rule that was meant by an invalid text: by a glob, a full ref, a name with spaces around it, or a regular expression without
 * slashes. It matches the branches that the text would match in its own system. Null if that is not clear. The caller validates it.
 */
export function suggestRule(rule: string): string | null {
  const text = rule.trim().replace(/^!\s+/, '!')
  const isNegated = text.startsWith('!')
  const body = isNegated ? text.slice(1) : text
  const inSlashes = /^\/(.+)\/$/s.exec(body)?.[1]
  if (text !== rule && (inSlashes !== undefined || isBranchName(text)) && !text.startsWith('!(')) return text
  if (FLAGGED.test(text)) return withoutFlags(text)
  const source = inSlashes === undefined ? sourceOf(body, isNegated) : correctedSource(inSlashes)
  if (source === null) return null
  if (typeof source === 'string') return `${isNegated ? '!' : ''}/${source}/`
  return 'name' in source ? source.name : `${isNegated ? '' : '!'}/${source.excluded}/`
}

/** A regular expression, the name of a branch, or a regular expression for all others. */
type Suggestion = string | { name: string } | { excluded: string } | null

function withoutFlags(text: string): string | null {
  const [, sign = '', source = '', flags = ''] = FLAGGED.exec(text) ?? []
  // It may also be a path.
  if (!USUAL_FLAGS.test(flags) && /^[\w/-]+$/.test(source)) return null
  return `${sign}/${flags.includes('i') ? '(?i)' : ''}${source}/`
}

/** For a text in slashes that is not a regular expression, or one that matches nothing. */
function correctedSource(source: string): Suggestion {
  const [, excluded] = EXCLUDING.exec(source) ?? []
  if (excluded !== undefined) return { excluded: `^${isAlternative(excluded) ? `(${excluded})` : excluded}` }
  // A glob in slashes, such as `/release/**/`, which is not a regular expression.
  if (/^[\w*?./-]+$/.test(source)) return /^\*|\*\*/.test(source) ? sourceOf(source, false) : null
  const local = source.replace(/(?<=^\^|\|\^)refs\\?\/heads\\?\/(?![*+?{]|$)/g, '')
  if (local !== source) return /refs\\?\/heads/.test(local) ? null : local
  // No name begins or ends with a slash.
  if (/^\^\\?\/[A-Za-z0-9]/.test(source) && !isAlternative(source)) return source.replace(/^\^\\?\//, '^')
  return /^\^(?:[\w-]|\\[/.-]|\/)*\w\\?\/\$$/.test(source) ? source.slice(0, -1) : null
}

/** For a text without slashes around it. */
function sourceOf(body: string, isNegated: boolean): Suggestion {
  const name = body
    .replace(/^\/(.*?)\/?$/s, '$1')
    .trim()
    .replace(/^(\^?)refs\\?\/heads\\?\//, '$1')
  if (/^\*\*?(\/\*\*?)?$/.test(name) && !/^\*\//.test(name)) return '.*'
  const isExtended = isNegated && /^\(.*\)$/s.test(name)
  if (isBranchName(name) && !/[{|]/.test(name) && !isExtended)
    return isNegated ? `^${literal(name)}$` : { name }
  if (isExtended)
    return listSource(name) ?? (REGEX.test(name) ? null : wrapped(globSource(name.slice(1, -1))))
  if (/(?<![.)\]\\\w])[@!?*+]\(/.test(name)) return null
  if (REGEX.test(name)) return regexSource(name)
  const list = listSource(name)
  if (list !== null) return list
  if (isGlob(name)) return wrapped(globSource(name))
  const folder = name.replace(/\/+$/, '')
  return folder !== name && PLAIN_NAME.test(folder) && isBranchName(folder) ? `^${literal(folder)}\\/` : null
}

const wrapped = (source: string | null) => (source === null ? null : `^${source}$`)

/** A regular expression without slashes. Other systems match the whole name. */
function regexSource(name: string): string | null {
  const tokens: readonly string[] = name.match(TOKENS) ?? []
  const isOfGlob = (token: string, at: number) =>
    token === '*' && !/^(?:\.|\)|\\.|\[.+\])$/s.test(tokens[at - 1] ?? '')
  if (tokens.some(isOfGlob) || /,(?![^{]*\})/.test(name)) return null
  const source = tokens.map(token => (token === '/' ? '\\/' : token)).join('')
  if (/^\^|\$$/.test(name)) return source
  return isAlternative(source) ? `^(${source})$` : `^${source}$`
}

/** Whether a regular expression has alternatives outside of groups. */
function isAlternative(source: string): boolean {
  let depth = 0
  for (const token of source.match(TOKENS) ?? []) {
    if (token === '|' && depth === 0) return true
    depth += token === '(' ? 1 : token === ')' ? -1 : 0
  }
  return false
}

/** The rule for the branches in a list such as `main,develop`, which may itself be the name of one. Null for other names. */
export function suggestAlternatives(name: string): string | null {
  const source = /^!?\/|\s/.test(name) ? null : listSource(name)
  return source && `/${source}/`
}

/** A list of names or globs. */
function listSource(list: string): string | null {
  const [, inRound, inCurly, bare] = LIST.exec(list) ?? []
  const parts = (inRound ?? inCurly ?? bare ?? '').split(/\s*[,|]\s*|\s+/)
  const sources = parts.map(part => {
    if (REGEX.test(part)) return null
    return PLAIN_NAME.test(part) && isBranchName(part)
      ? literal(part)
      : isGlob(part)
        ? globSource(part)
        : null
  })
  return parts.length > 1 && sources.every(source => source !== null) ? `^(${sources.join('|')})$` : null
}
