/** Changes the page without moving the first visible line. */
export function keepScrollPosition(container: Element, change: () => void): void {
  const lines = [...container.querySelectorAll('.line')]
  const visible = lines.find(line => line.getBoundingClientRect().bottom > 0)
  const before = visible?.getBoundingClientRect().top ?? 0
  change()
  const after = visible?.isConnected ? visible.getBoundingClientRect().top : before
  if (Math.abs(after - before) >= 1) scrollBy(0, after - before)
}

/** The height of a line in pixels. Null if there are no lines. */
export function lineHeightOf(container: Element): number | null {
  const line = container.querySelector('.line')
  return line && Math.max(1, Number.parseFloat(getComputedStyle(line).lineHeight) || 20)
}

/** Browsers limit elements to 16 to 33 million pixels. In a longer log, lines count for less than their height. */
const MAX_PIXELS = 8_000_000

export const pixelsPerLine = (lineHeight: number, lineCount: number) =>
  Math.min(lineHeight, MAX_PIXELS / Math.max(1, lineCount))
