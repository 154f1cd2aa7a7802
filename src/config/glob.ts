import { RE2JS } from 're2js'

/**
 * Whether a path from the root of the repository matches one of these patterns: `*` and `?` stay within a directory, `**`
 * does not, and what names a directory means all that is below it. They come from strangers: their time is linear.
 */
export function matcherOf(patterns: readonly string[]): (path: string) => boolean {
  const compiled = patterns.map(pattern => RE2JS.compile(`^(?:${regexOf(pattern)})(?:/.*)?$`, RE2JS.DOTALL))
  return path => compiled.some(regex => regex.matcher(path).find())
}

const TOKENS = /\*\*\/|\*\*|\*|\?|[^*?]+/g
const WILD: Record<string, string> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }

const regexOf = (pattern: string) =>
  pattern.replace(/^\.?\/+|\/+$/g, '').replace(TOKENS, token => WILD[token] ?? RE2JS.quote(token))
