/** The times at which the lines of a log were written, in seconds since the start of their job. */
export class LineTimes {
  readonly #entries: (readonly [line: number, seconds: number])[] = []

  constructor(entries: readonly (readonly [line: number, seconds: number])[] = []) {
    for (const [line, seconds] of entries) this.add(line, seconds)
  }

  /** Adds the first line that was written at this time. A line that does not follow the earlier ones is left out. */
  add(line: number, seconds: number): void {
    const last = this.#entries.at(-1)
    if (!last || (line > last[0] && seconds >= last[1])) this.#entries.push([line, seconds])
  }

  /** Null for lines before the first one with a known time. */
  of(line: number): number | null {
    let [low, high] = [-1, this.#entries.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#entries[middle]?.[0] ?? 0) <= line) low = middle
      else high = middle - 1
    }
    return this.#entries[low]?.[1] ?? null
  }
}

/** `4s`, `1:05`, `1:02:07` */
export function describeElapsed(seconds: number): string {
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole}s`
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}
