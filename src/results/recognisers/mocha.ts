import {
  type Found,
  firstPlace,
  indexIn,
  type Part,
  type PlaceInLog,
  plainFailure,
  recogniser,
  type Summary,
  scriptFrame,
  shownBefore,
} from './log-lines.ts'

const COUNT = /^ {2}(\d{1,8}) (passing|pending|failing)\b/
const ITEM = /^ {2,4}(\d{1,8})\) (.+)$/
const NOT_LOADED = /^\s*Exception during run: /

/** Mocha 6 and later, with every reporter that ends with Mocha's own list of failures. */
export const mochaRecogniser = recogniser('mocha', lines => {
  let others = 0
  const found = inLastList(lines, line => {
    const [, count, kind] = COUNT.exec(line) ?? []
    if (kind === 'passing') others = 0
    if (kind !== 'failing') {
      others += Number(count ?? 0)
      return null
    }
    return { failed: Number(count), total: others + Number(count) }
  })
  return found ?? notLoaded(lines)
})

/** Mocha lists the failures after their number. */
function inLastList(lines: readonly string[], summaryOf: (line: string) => Summary | null): Found | null {
  const lists: { from: number; summary: Summary }[] = []
  for (const [at, line] of lines.entries()) {
    const summary = summaryOf(line)
    if (summary && summary.failed > 0) lists.push({ from: at + 1, summary })
  }
  let to = lines.length
  for (const { from, summary } of lists.reverse()) {
    const found = firstFailed(lines, { from, to }, summary)
    if (found) return found
    to = from
  }
  return null
}

function firstFailed(lines: readonly string[], part: Part, { failed, total }: Summary): Found | null {
  const from = indexIn(lines, part, line => ITEM.exec(line)?.[1] === '1')
  if (from === part.to) return null
  const to = indexIn(
    lines,
    { from: from + 1, to: part.to },
    line => ITEM.test(line) && !line.startsWith('     '),
  )
  const { names, message } = titleOf(lines, { from, to })
  const block = endOfBlock(lines, { from: message, to })
  const place = firstPlace(lines, block, scriptFrame) ?? inMessage(lines, block)
  const isFrame = (line: string) => /^\s+at /.test(line)
  const rest = place && isFrame(lines[place.at] ?? '') ? [place.at] : []
  return {
    test: names.join(' › '),
    failed,
    total,
    shown: shownBefore(lines, { from, to: block.to }, rest, isFrame),
    file: place?.file ?? null,
    line: place?.line ?? null,
    end: block.to - 1,
  }
}

/** A title has a line for each suite; the last one ends with a colon. */
function titleOf(lines: readonly string[], { from, to }: Part) {
  const names: string[] = []
  for (let at = from; at < Math.min(to, from + 20); at++) {
    const text = (at === from ? (ITEM.exec(lines[at] ?? '')?.[2] ?? '') : (lines[at] ?? '')).trim()
    names.push(text.replace(/:$/, ''))
    if (text.endsWith(':')) return { names, message: at + 1 }
  }
  return { names: names.slice(0, 1), message: from + 1 }
}

/** A block ends at two blank lines: after the last failure comes the output of other programs. */
function endOfBlock(lines: readonly string[], { from, to }: Part): Part {
  const isBlank = (at: number) => (lines[at] ?? '').trim() === ''
  let at = from
  while (at < to && !(isBlank(at) && isBlank(at + 1))) at += 1
  return { from, to: at }
}

/** A timeout names only the file: `… ensure it resolves. (/repo/test/a.js)`. */
function inMessage(lines: readonly string[], block: Part): PlaceInLog | null {
  return firstPlace(lines, block, line => {
    const [, file] = /^\s*Error: Timeout of .{1,300} \(([^()\s]{1,300})\)$/.exec(line) ?? []
    return file === undefined ? null : { file, line: null }
  })
}

/** A file that cannot be loaded, with Mocha 11. */
function notLoaded(lines: readonly string[]): Found | null {
  const part = { from: 0, to: lines.length }
  const from = indexIn(lines, part, line => NOT_LOADED.test(line))
  if (from === part.to) return null
  const [, file, number] = /: (\/.{1,300}):(\d{1,8})$/.exec(lines[from] ?? '') ?? []
  const place = firstPlace(lines, { from, to: part.to }, scriptFrame)
  const rest = place ? [place.at] : []
  const shown = shownBefore(lines, { from, to: part.to }, rest, line => /^\s+at /.test(line))
  return plainFailure(shown, file === undefined ? place : { file, line: Number(number) }, from)
}
