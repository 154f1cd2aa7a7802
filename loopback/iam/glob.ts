/**
 * Whether a text matches a pattern in which `*` matches any text and `?` one character. A mismatch backtracks only to
 * the last star, so the time is at most proportional to the product of both lengths.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let [p, t] = [0, 0]
  let retry: { p: number; t: number } | null = null
  while (t < text.length) {
    if (pattern[p] === '*') {
      retry = { p: p + 1, t }
      p += 1
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p += 1
      t += 1
    } else if (retry) {
      retry = { p: retry.p, t: retry.t + 1 }
      p = retry.p
      t = retry.t
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}
