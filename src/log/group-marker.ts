const ESC = 0x1b
/** The start of a line in which a marker must be. */
export const MARKER_BYTES = 96

const bytesOf = (text: string) => Uint8Array.from(text, character => character.charCodeAt(0))
const MARKERS = [
  ['start', bytesOf('::group::')],
  ['end', bytesOf('::endgroup::')],
  ['start', bytesOf('##[group]')],
  ['end', bytesOf('##[endgroup]')],
] as const

/**
 * Whether a line starts or ends a group, as in GitHub Actions: `::group::Title` and `::endgroup::`, or `##[group]Title` and
 * `##[endgroup]`, also after changes of colour.
 */
export function groupMarkerAt(bytes: Uint8Array, lineStart: number): 'start' | 'end' | null {
  const at = afterColors(bytes, lineStart)
  for (const [kind, marker] of MARKERS)
    if (marker.every((byte, index) => bytes[at + index] === byte)) return kind
  return null
}

/** A cheap test of the first byte of a line for a possible marker. */
export const mayBeMarker = (byte: number | undefined) => byte === 0x3a || byte === 0x23 || byte === ESC

/** The position after sequences such as `ESC [ 1 ; 34 m`. */
function afterColors(bytes: Uint8Array, start: number): number {
  const last = start + MARKER_BYTES / 2
  let at = start
  while (bytes[at] === ESC && bytes[at + 1] === 0x5b) {
    let end = at + 2
    // Digits, colons and semicolons.
    while (end < last && (bytes[end] as number) >= 0x30 && (bytes[end] as number) <= 0x3b) end += 1
    if (bytes[end] !== 0x6d) break
    at = end + 1
  }
  return at
}
