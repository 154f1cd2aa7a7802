/** The first of these elements that is not above the screen. They must be in the order of the page. */
export function firstOnScreen(elements: ArrayLike<Element>): Element | null {
  let [low, high] = [0, elements.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((elements[middle]?.getBoundingClientRect().bottom ?? 0) > 0) high = middle
    else low = middle + 1
  }
  return elements[low] ?? null
}

/** Changes the page without moving the first visible line. */
export function keepScrollPosition(container: Element, change: () => void): void {
  const visible = firstOnScreen(container.querySelectorAll('.line'))
  const before = visible?.getBoundingClientRect().top ?? 0
  change()
  const after = visible?.isConnected ? visible.getBoundingClientRect().top : before
  if (Math.abs(after - before) >= 1) scrollBy(0, after - before)
}

/** The height of a line in pixels. Null if there are no lines. */
export function lineHeightOf(container: Element): number | null {
  const line = container.querySelector('.line')
  if (!line) return null
  const { lineHeight, minHeight } = getComputedStyle(line)
  return Math.max(1, Number.parseFloat(lineHeight) || 20, Number.parseFloat(minHeight) || 0)
}

/** Browsers limit elements to 16 to 33 million pixels. In a longer log, lines take less than their height. */
const MAX_PIXELS = 8_000_000

export const pixelsPerLine = (lineHeight: number, lineCount: number) =>
  Math.min(lineHeight, MAX_PIXELS / Math.max(1, lineCount))
