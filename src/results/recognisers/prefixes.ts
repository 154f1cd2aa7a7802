import { shortLine } from './log-lines.ts'

const TIMESTAMP =
  /^(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?|\[\d\d:\d\d:\d\d(?:\.\d{1,9})?\]) ?/
/** `web-1  | `, `[web] `, `web:test: `, `@scope/web: `, `packages/web test: `. */
const PREFIX =
  /^(?:([\w.-]{1,60}) {0,40}\| ?|(\[[\w@/.:-]{1,60}\]) ?|(@?[\w./-]{1,80}(?:[:#][\w./-]{1,60}){0,3}(?: [\w-]{1,30}(?::[\w-]{1,30}){0,2})?): ?)/
const FEWEST = 3
const MOST_STREAMS = 50

/** The streams of the texts that are still in use: several recognisers search the same one. */
const known = new WeakMap<readonly string[], readonly Stream[]>()

/** A part of a log, with the ordinals that its lines have in the log. */
export type Stream = { lines: readonly string[]; ordinals: readonly number[] }

/**
 * The outputs of the programs in a log, if something has put its prefix before each of their lines: docker compose, Turborepo, Lerna,
 * pnpm, concurrently, or a clock. Text that only looks like a prefix, because few lines have it, is kept. Empty if no line has a prefix.
 */
export function streamsIn(lines: readonly string[]): readonly Stream[] {
  const streams = known.get(lines) ?? findStreams(lines)
  known.set(lines, streams)
  return streams
}

function findStreams(lines: readonly string[]): Stream[] {
  const texts = lines.map(line => withoutTimestamp(shortLine(line)))
  const counts = new Map<string, number>()
  const names = texts.map(text => {
    const [, service, bracket, task] = PREFIX.exec(text) ?? []
    const name = service ?? bracket ?? task ?? null
    if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1)
    return name
  })
  const hasTimestamps = texts.some((text, at) => !(lines[at] ?? '').startsWith(text))
  const frequent = [...counts].filter(([, count]) => count >= FEWEST).toSorted(([, a], [, b]) => b - a)
  if (frequent.length === 0 && !hasTimestamps) return []
  const streams = new Map<string, { lines: string[]; ordinals: number[] }>(
    [null, ...frequent.slice(0, MOST_STREAMS).map(([name]) => name)].map(name => [
      name ?? '',
      { lines: [], ordinals: [] },
    ]),
  )
  for (const [at, text] of texts.entries()) {
    const named = streams.get(names[at] ?? '')
    const stream = named ?? streams.get('')
    stream?.lines.push(named && names[at] ? text.replace(PREFIX, '') : text)
    stream?.ordinals.push(at)
  }
  return [...streams.values()].filter(({ ordinals }) => ordinals.length > 0)
}

const withoutTimestamp = (line: string) => line.replace(TIMESTAMP, '')
