/** Where a build's log lies in the bucket. */
export type LogKeys = {
  /** The segment that begins with this byte of the log: `…/log/<first byte, 12 digits>.txt`. */
  segment(firstByte: number): string
  /** `…/log/lines.json`: where the lines of a large log are. */
  lines: string
  /** `…/log.txt` */
  whole: string
}

export const LOG_TYPE = 'text/plain; charset=utf-8'

/** What the keys of all segments, and of nothing else, begin with. */
export const segmentsPrefix = (keys: LogKeys) => keys.segment(0).replace(/[^/]*$/, '')

/** The first byte of a segment, read from its key. */
export const firstByteOf = (key: string) => Number(/(\d+)\.txt$/.exec(key)?.[1] ?? Number.NaN)

/** What stands beside the segments under their prefix is none of them. */
export const isSegment = ({ key }: { key: string }) => !Number.isNaN(firstByteOf(key))
