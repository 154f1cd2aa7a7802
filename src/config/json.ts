import { UserError } from '../model/user-error.ts'
import { quote } from './key-path.ts'

export type JsonObject = Record<string, unknown>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A copy of an object with only these keys. Keys that it lacks are left out. */
export const pick = (object: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)))

/** The limit for a configuration file, in bytes. */
export const MAX_BYTES = 256 * 1024

/**
 * Parses a configuration file, with or without a byte order mark.
 * @throws UserError with line and column if it is not valid JSON, or if it is larger than 256 KB
 */
export function parseJson(file: string, text: string): unknown {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new UserError(`${file} is larger than 256 KB, the limit for configuration files. Make it smaller.`)
  }
  const json = text.replace(/^\uFEFF/, '')
  try {
    return JSON.parse(json)
  } catch {
    throw new UserError(`${file} is not valid JSON: ${describeSyntaxError(json)}`)
  }
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or close' | 'end'

const NAMES: Record<Expected, string> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  key: 'a key in double quotes',
  'key or }': 'a key in double quotes or "}"',
  colon: 'a colon',
  'comma or close': 'a comma or the closing bracket',
  end: 'the end of the file',
}

const CLOSABLE = new Set<Expected>(['value or ]', 'key or }', 'comma or close'])

const SPACE = /[ \t\n\r]*/y
// In a JSON string, quotes, backslashes and control characters must be escaped (RFC 8259).
const TOKEN =
  /[{}[\],:]|"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy

/** Where a text stops being JSON, and what was expected there. `JSON.parse` gives the position only of some errors. */
export function describeSyntaxError(json: string): string {
  const open: string[] = []
  let expected: Expected = 'value'
  let at = 0
  for (;;) {
    at += matchAt(SPACE, json, at).length
    const token = matchAt(TOKEN, json, at)
    const next: Expected | null = token === '' ? null : nextExpected(expected, token, open)
    if (next === null)
      return `${position(json, at)}: expected ${NAMES[expected]}, found ${describeToken(json, at)}.`
    expected = next
    at += token.length
  }
}

/** What may follow `token`. Null if `token` is not what was expected. Updates the stack of open brackets. */
function nextExpected(expected: Expected, token: string, open: string[]): Expected | null {
  const inside = (): Expected => (open.length === 0 ? 'end' : 'comma or close')
  const isClose = token === '}' || token === ']'
  if (isClose && CLOSABLE.has(expected) && open.at(-1) === token) {
    open.pop()
    return inside()
  }
  if (expected === 'comma or close') return token !== ',' ? null : open.at(-1) === '}' ? 'key' : 'value'
  if (expected === 'colon') return token === ':' ? 'value' : null
  if (expected === 'key' || expected === 'key or }') return token.startsWith('"') ? 'colon' : null
  if (expected === 'end' || isClose || token === ',' || token === ':') return null
  if (token !== '{' && token !== '[') return inside()
  open.push(token === '{' ? '}' : ']')
  return token === '{' ? 'key or }' : 'value or ]'
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function position(json: string, at: number): string {
  const lines = json.slice(0, at).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
}

function describeToken(json: string, at: number): string {
  const character = String.fromCodePoint(json.codePointAt(at) ?? 0)
  if (at >= json.length) return 'the end of the file'
  if (json.startsWith('//', at) || json.startsWith('/*', at)) return 'a comment (JSON has none)'
  if (character === '"' && matchAt(TOKEN, json, at) === '')
    return 'a string that is invalid or not terminated'
  return quote(character)
}
