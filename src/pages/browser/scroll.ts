/** Changes the page around its reader: the first line that is seen stays where it is. */
export function keepScrollPosition(drawn: Element, change: () => void): void {
  const lines = [...drawn.querySelectorAll('.line')]
  const seen = lines.find(line => line.getBoundingClientRect().bottom > 0)
  const before = seen?.getBoundingClientRect().top ?? 0
  change()
  const after = seen?.isConnected ? seen.getBoundingClientRect().top : before
  if (Math.abs(after - before) >= 1) scrollBy(0, after - before)
}

/** In pixels; null where nothing is drawn. */
export function lineHeightOf(drawn: Element): number | null {
  const line = drawn.querySelector('.line')
  return line && Math.max(1, Number.parseFloat(getComputedStyle(line).lineHeight) || 20)
}

/** Browsers end at 16 to 33 million pixels: of a longer log each line counts for less than its height. */
const MOST_PIXELS = 8_000_000

export const pixelsPerLine = (lineHeight: number, lineCount: number) =>
  Math.min(lineHeight, MOST_PIXELS / Math.max(1, lineCount))
