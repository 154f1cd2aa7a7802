/** Bytes of a stream, by their offsets in it. */
export type Range = { start: number; end: number }

/** Adds a range to ordered ranges. Those that overlap or touch become one. Fast if it belongs at the end. */
export function addRange(ranges: Range[], added: Range) {
  const latest = ranges.at(-1)
  if (latest && added.start >= latest.start && added.start <= latest.end) {
    latest.end = Math.max(latest.end, added.end)
    return
  }
  let after = ranges.length
  while (after > 0 && (ranges[after - 1] as Range).start > added.end) after--
  let { start, end } = added
  let first = after
  for (; first > 0 && (ranges[first - 1] as Range).end >= start; first--) {
    start = Math.min(start, (ranges[first - 1] as Range).start)
    end = Math.max(end, (ranges[first - 1] as Range).end)
  }
  ranges.splice(first, after - first, { start, end })
}
