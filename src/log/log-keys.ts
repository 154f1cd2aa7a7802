/** The keys of a build's log in the bucket. */
export type LogKeys = {
  /** The segment that begins at this byte of the log: `…/log/<first byte, 12 digits>.txt`. */
  segment(firstByte: number): string
  /** `…/log/lines.json`: the line index of a large log. */
  lines: string
  /** `…/log.txt` */
  whole: string
}

export const LOG_TYPE = 'text/plain; charset=utf-8'

/** The prefix of the keys of all segments. Other objects may share it. */
export const segmentsPrefix = (keys: LogKeys) => keys.segment(0).replace(/[^/]*$/, '')

/** Comes before the keys of all segments, and after those of whatever else begins with another character. */
export const beforeSegments = (keys: LogKeys) => keys.segment(0).replace(/0\.txt$/, '')

/** The most objects that are looked at: the logs of real jobs have fewer. */
export const MOST_PIECES = 3000

/** The first byte of a segment, from its key. NaN if it is not a segment's key. */
export const firstByteOf = (key: string) => Number(/\/log\/(\d{12})\.txt$/.exec(key)?.[1] ?? Number.NaN)

export const isSegment = ({ key }: { key: string }) => !Number.isNaN(firstByteOf(key))
