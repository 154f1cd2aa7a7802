/** Braces with alternatives stay one token, and so do classes. */
const TOKENS = /\*\*\/|\*+|\?|\[[!^]?[\w.-]+\]|\{[^{}]*,[^{}]*\}|[^*?[{]+|[[{]/g

export const isGlob = (text: string) => /[*?[{]/.test(text)

/**
 * The regular expression for a glob of branch names, without anchors. `*` and `?` also match slashes, as in most systems that have globs
 * of branches. Null if a part is not clear.
 */
export function globSource(glob: string): string | null {
  if (/[\\\s|]/.test(glob)) return null
  const sources = glob.match(TOKENS)?.map(tokenSource) ?? []
  return sources.every(source => source !== null) ? sources.join('') : null
}

export const literal = (text: string) => text.replace(/[.+*?^$(){}|[\]\\/]/g, '\\$&')

function tokenSource(token: string): string | null {
  if (token === '**/') return '(.*\\/)?'
  if (token.startsWith('*')) return '.*'
  if (token === '?') return '.'
  if (token === '[' || token === '{') return null
  if (token.startsWith('[')) return token.replace(/^\[!/, '[^')
  if (!token.startsWith('{')) return token.includes(',') ? null : literal(token)
  const parts = token.slice(1, -1).split(',').map(globSource)
  return parts.every(part => part !== null) ? `(${parts.join('|')})` : null
}
