import { type FailureInLog, MOST_SHOWN } from '../log-recogniser.ts'

/** The length of the part of a line that patterns see, in UTF-16 units. */
const MOST_SEEN = 1000

/** A failure, and the ordinal of the last line that the tool has written about it, its summary included. */
export type Found = FailureInLog & { end: number }

/** A recogniser that also knows where the output of its tool ends. `findInShort` expects lines that `shortLine` has shortened. */
export type ToolRecogniser = {
  name: string
  find(lines: readonly string[]): Found | null
  findInShort(lines: readonly string[]): Found | null
}

/** A place in the source, as a tool writes it, and the ordinal of the line that has it. */
export type PlaceInLog = { file: string; line: number | null; at: number }

/** A part of a log: the ordinals from `from` up to, but not including, `to`. */
export type Part = { from: number; to: number }

/** A recogniser whose patterns see lines of bounded length. */
export const recogniser = (
  name: string,
  findInShort: (lines: readonly string[]) => Found | null,
): ToolRecogniser => ({ name, findInShort, find: lines => findInShort(lines.map(shortLine)) })

export const shortLine = (line: string) =>
  line.length > MOST_SEEN || line.endsWith('\r') ? line.slice(0, MOST_SEEN).trimEnd() : line

/** Directories of packages and of languages, and names that are not files. */
const FOREIGN =
  /(?:^|[\\/])(?:node_modules|site-packages|dist-packages|vendor|gems|\.cargo|\.rustup|\.pnpm)[\\/]|^(?:node:|<|\/usr\/|\/rustc\/|internal\/(?:modules|process|timers|main)\/)|[\\/](?:pkg[\\/]mod|src[\\/](?:testing|runtime)|lib[\\/]python[\d.]+)[\\/]/

/** Whether a file is not the repository's own. */
export const isForeign = (file: string) => FOREIGN.test(file)

/** The place of a frame of JavaScript: `at f (a.js:3:7)`, `❯ f a.js:3:7`. */
export function scriptFrame(line: string): Omit<PlaceInLog, 'at'> | null {
  const text = line.trim()
  if (!text.startsWith('at ') && !text.startsWith('❯ ')) return null
  const end = /:(\d{1,8})(?::\d{1,8})?\)?$/.exec(text)
  if (!end) return null
  const before = text.slice(0, end.index)
  const start = text.endsWith(')') ? before.lastIndexOf(' (') + 2 : before.lastIndexOf(' ') + 1
  const file = before.slice(start).replace(/^file:\/\//, '')
  return file === '' ? null : { file, line: Number(end[1]) }
}

/** The place of a frame of Python: `File "a.py", line 3, in f`. */
export function pythonFrame(line: string): Omit<PlaceInLog, 'at'> | null {
  const [, file, number] = /^\s*File "([^"]{1,500})", line (\d{1,8})/.exec(line) ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

type FrameOf = (line: string) => Omit<PlaceInLog, 'at'> | null

/** The first place in a part that is in the repository's own files. */
export function firstPlace(
  lines: readonly string[],
  { from, to }: Part,
  frameOf: FrameOf,
): PlaceInLog | null {
  for (let at = from; at < to; at++) {
    const frame = frameOf(lines[at] ?? '')
    if (frame && !isForeign(frame.file)) return { ...frame, at }
  }
  return null
}

/** The last such place: Python writes the innermost frame last. */
export function lastPlace(lines: readonly string[], { from, to }: Part, frameOf: FrameOf): PlaceInLog | null {
  let last: PlaceInLog | null = null
  for (let at = from; at < to; at++) {
    const frame = frameOf(lines[at] ?? '')
    if (frame && !isForeign(frame.file)) last = { ...frame, at }
  }
  return last
}

/** The first ordinal in a part whose line matches, or else the end of the part. */
export function indexIn(
  lines: readonly string[],
  { from, to }: Part,
  fits: (line: string) => boolean,
): number {
  for (let at = from; at < to; at++) if (fits(lines[at] ?? '')) return at
  return to
}

/** The first lines of a part that are neither blank nor noise. */
export function shownIn(
  lines: readonly string[],
  { from, to }: Part,
  { isNoise = () => false, most = MOST_SHOWN }: { isNoise?: (line: string) => boolean; most?: number } = {},
): number[] {
  const shown: number[] = []
  for (let at = from; at < to && shown.length < most; at++) {
    const line = lines[at] ?? ''
    if (line.trim() !== '' && !isNoise(line)) shown.push(at)
  }
  return shown
}

/** The first lines of a part, followed by `rest`, which takes precedence over the end of that part. */
export function shownBefore(
  lines: readonly string[],
  part: Part,
  rest: readonly number[],
  isNoise?: (line: string) => boolean,
): number[] {
  const kept = rest.slice(0, MOST_SHOWN - 1)
  const before = shownIn(lines, part, { most: MOST_SHOWN - kept.length, ...(isNoise ? { isNoise } : {}) })
  return [...before.filter(at => at < (kept[0] ?? part.to)), ...kept]
}

/** The numbers of a tool's summary. */
export type Summary = { failed: number; total: number | null }

/**
 * The failure in the last run of a tool that failed. A run ends with the tool's summary; a run whose summary reports no failure has none.
 * The last part of a log may lack its summary.
 */
export function inLastRun(
  lines: readonly string[],
  summaryOf: (line: string, at: number) => Summary | null,
  find: (part: Part, summary: Summary | null) => Found | null,
): Found | null {
  const runs: { part: Part; summary: Summary | null }[] = []
  let from = 0
  for (const [at, line] of lines.entries()) {
    const summary = summaryOf(line, at)
    if (!summary) continue
    if (summary.failed > 0) runs.push({ part: { from, to: at + 1 }, summary })
    from = at + 1
  }
  runs.push({ part: { from, to: lines.length }, summary: null })
  for (const { part, summary } of runs.reverse()) {
    const found = find(part, summary)
    if (found) return found
  }
  return null
}

/** A failure without a test: a line, and some lines after it. */
export const plainFailure = (
  shown: readonly number[],
  place: Omit<PlaceInLog, 'at'> | null,
  end: number,
): Found => ({
  test: null,
  failed: null,
  total: null,
  shown: shown.slice(0, MOST_SHOWN),
  file: place?.file ?? null,
  line: place?.line ?? null,
  end,
})
