import { type Found, indexIn, isForeign, type Part, plainFailure, recogniser, shownIn } from './log-lines.ts'

const TYPESCRIPT = /^(?:(\S.{0,300}?)(?:\((\d{1,8}),\d{1,8}\):|:(\d{1,8}):\d{1,8} -) )?error TS\d{1,6}: /
const C = /^([^\s:]{1,300}):(\d{1,8}):(?:\d{1,8}:)? (?:fatal )?error: /
const REPORTED = /^\s+(\d{1,8}):\d{1,8}\s+(error|warning)\s+\S/
const COUNTS = /^✖ \d{1,8} problems? \((\d{1,8}) errors?, \d{1,8} warnings?\)/

/** TypeScript's compiler, plain and `--pretty`, and compilers that write like it. */
export const tscRecogniser = recogniser('tsc', lines => {
  const isError = (line: string) => TYPESCRIPT.test(line)
  const isOwn = (line: string) => isError(line) && !isForeign(TYPESCRIPT.exec(line)?.[1] ?? '')
  const whole = { from: 0, to: lines.length }
  const own = indexIn(lines, whole, isOwn)
  const at = own < whole.to ? own : indexIn(lines, whole, isError)
  if (at === whole.to) return null
  const [, file, plain, pretty] = TYPESCRIPT.exec(lines[at] ?? '') ?? []
  const isEnd =
    pretty === undefined ? isAfterPlain : (line: string) => isError(line) || /^Found \d+ error/.test(line)
  const to = indexIn(lines, { from: at + 1, to: whole.to }, isEnd)
  const last = lines.findLastIndex(isError)
  const place = file === undefined ? null : { file, line: Number(plain ?? pretty) }
  return plainFailure(shownIn(lines, { from: at, to }), place, Math.max(last, to - 1))
})

/** Whether a line follows the errors. Further errors, and their indented explanations, do not count. */
const isAfterPlain = (line: string) => !TYPESCRIPT.test(line) && !/^\s+\S/.test(line)

/** gcc, clang and compilers that write like them. */
export const cRecogniser = recogniser('C', lines => {
  const at = indexIn(lines, { from: 0, to: lines.length }, line => C.test(line))
  const [, file = '', number] = C.exec(lines[at] ?? '') ?? []
  if (at === lines.length) return null
  const to = indexIn(lines, { from: at + 1, to: lines.length }, line => !/^\s/.test(line))
  return plainFailure(shownIn(lines, { from: at, to }), { file, line: Number(number) }, to - 1)
})

/** ESLint's own format. */
export const eslintRecogniser = recogniser('ESLint', lines => {
  const end = lines.findLastIndex(line => COUNTS.test(line))
  const part = { from: 0, to: end < 0 ? lines.length : end }
  const isLimited = lines.some(line => line.startsWith('ESLint found too many warnings'))
  const errors = end < 0 ? null : Number(COUNTS.exec(lines[end] ?? '')?.[1])
  if (errors === 0 && !isLimited) return null
  const found = firstReported(lines, part, errors === 0 ? 'warning' : 'error')
  return found ? { ...found, end: Math.max(found.end, end) } : eslintItself(lines)
})

function firstReported(lines: readonly string[], part: Part, kind: string): Found | null {
  const isWanted = (line: string) => REPORTED.exec(line)?.[2] === kind
  const at = indexIn(lines, part, isWanted)
  let file = at
  while (file > 0 && file > at - 1000 && REPORTED.test(lines[file] ?? '')) file -= 1
  const name = lines[file] ?? ''
  if (at === part.to || file === at || !/^\S.{0,500}$/.test(name)) return null
  const to = indexIn(lines, { from: at, to: part.to }, line => !REPORTED.test(line))
  const shown = shownIn(lines, { from: at, to })
  return plainFailure(shown, { file: name, line: Number(REPORTED.exec(lines[at] ?? '')?.[1]) }, to - 1)
}

/** ESLint that could not run: no configuration, no file, an error in a rule. */
function eslintItself(lines: readonly string[]): Found | null {
  const at = lines.lastIndexOf('Oops! Something went wrong! :(')
  if (at < 0) return null
  const from = indexIn(
    lines,
    { from: at + 1, to: lines.length },
    line => line !== '' && !line.startsWith('ESLint: '),
  )
  const block = { from, to: Math.min(from + 12, lines.length) }
  return plainFailure(shownIn(lines, block, { most: 6 }), null, block.to - 1)
}
