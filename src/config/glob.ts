import { RE2JS } from 're2js'

/**
 * Tells whether a path relative to the root of the repository matches one of the patterns. `*` and `?` do not match
 * a slash, `**` does, and the name of a directory matches everything below it. Patterns are untrusted, so matching
 * takes linear time (RE2).
 */
export function matcherOf(patterns: readonly string[]): (path: string) => boolean {
  const compiled = patterns.map(pattern => RE2JS.compile(`^(?:${regexOf(pattern)})(?:/.*)?$`, RE2JS.DOTALL))
  return path => compiled.some(regex => regex.matcher(path).find())
}

const TOKENS = /\*\*\/|\*\*|\*|\?|[^*?]+/g
const WILDCARDS: Record<string, string> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }

const regexOf = (pattern: string) =>
  pattern.replace(/^\.?\/+|\/+$/g, '').replace(TOKENS, token => WILDCARDS[token] ?? RE2JS.quote(token))
