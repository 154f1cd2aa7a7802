import { keyPath, quote } from './key-path.ts'

/** A key that occurs twice in an object. */
export type Duplicate = { path: readonly PropertyKey[]; lines: readonly [number, number] }

/** Facts about a text that `JSON.parse` does not report. */
export type JsonScan = {
  /** The position at which the text stops being JSON, and what was expected. Null if it is JSON. */
  error: string | null
  duplicates: readonly Duplicate[]
  /** How deeply objects and lists are nested. */
  depth: number
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or close' | 'end'
/** An object or list that has not been closed. `lines` has the line of each of its keys. */
type Open = { close: '}' | ']'; lines: Map<string, number>; at: PropertyKey }

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

/** Deeper files are refused. It limits the time that paths of duplicates take. */
export const MAX_DEPTH = 100

const SPACE = /[ \t\n\r]*/y
// In a JSON string, quotes, backslashes and control characters must be escaped (RFC 8259).
const TOKEN =
  /[{}[\],:]|"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/uy
const WORD = /[\w.+-]{1,40}/y

/** Reads a text token by token: finds the position of any syntax error, and keys that are given twice. */
export function scanJson(json: string): JsonScan {
  const open: Open[] = []
  const duplicates: Duplicate[] = []
  let expected: Expected = 'value'
  let [at, line, depth] = [0, 1, 0]
  for (;;) {
    const space = matchAt(SPACE, json, at)
    at += space.length
    line += space.split('\n').length - 1
    if (expected === 'end' && at === json.length) return { error: null, duplicates, depth }
    const token = matchAt(TOKEN, json, at)
    if (token !== '' && (expected === 'key' || expected === 'key or }') && token.startsWith('"')) {
      const duplicate = addKey(open, token, line)
      if (duplicate) duplicates.push(duplicate)
    }
    const next: Expected | null = token === '' ? null : nextExpected(expected, token, open)
    if (next === null) {
      const error = `${position(json, at)}: expected ${NAMES[expected]}, found ${describeToken(json, at)}.`
      return { error, duplicates, depth }
    }
    depth = Math.max(depth, open.length)
    expected = next
    at += token.length
  }
}

function addKey(open: readonly Open[], token: string, line: number): Duplicate | null {
  const object = open.at(-1)
  if (!object) return null
  object.at = JSON.parse(token) as string
  const before = object.lines.get(object.at)
  object.lines.set(object.at, line)
  return before === undefined || open.length > MAX_DEPTH
    ? null
    : { path: open.map(each => each.at), lines: [before, line] }
}

/** The tokens that may follow `token`. Null if `token` was not expected. Updates the stack of open brackets. */
function nextExpected(expected: Expected, token: string, open: Open[]): Expected | null {
  const inside = (): Expected => (open.length === 0 ? 'end' : 'comma or close')
  const within = open.at(-1)
  const isClose = token === '}' || token === ']'
  if (isClose && CLOSABLE.has(expected) && within?.close === token) {
    open.pop()
    return inside()
  }
  if (expected === 'comma or close') {
    if (token !== ',' || !within) return null
    if (typeof within.at === 'number') within.at += 1
    return within.close === '}' ? 'key' : 'value'
  }
  if (expected === 'colon') return token === ':' ? 'value' : null
  if (expected === 'key' || expected === 'key or }') return token.startsWith('"') ? 'colon' : null
  if (expected === 'end' || isClose || token === ',' || token === ':') return null
  if (token !== '{' && token !== '[') return inside()
  open.push({ close: token === '{' ? '}' : ']', lines: new Map(), at: token === '{' ? '' : 0 })
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
  if (character === "'") return `${quote(character)} (JSON has only double quotes)`
  if (character === '\0') return 'a NUL character'
  if (matchAt(TOKEN, json, at) !== '') return quote(character)
  if (character === '"') return 'a string that is invalid or not terminated'
  const word = matchAt(WORD, json, at)
  if (word !== '') return `${quote(word)} (put text in double quotes)`
  return /[\s\p{Cf}]/u.test(character)
    ? `the invisible character U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`
    : quote(character)
}

/** Describes it in a sentence. `path` may be shortened to that of the key within a part of the file. */
export function describeDuplicate({ path, lines: [first, second] }: Duplicate): string {
  const where = first === second ? `on line ${first}` : `on lines ${first} and ${second}`
  return `${keyPath(path)} is given twice, ${where}. Remove one of them.`
}
