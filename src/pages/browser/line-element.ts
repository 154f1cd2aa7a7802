import { createHead } from './fold-head.ts'
import type { Lines } from './line-link.ts'
import { describeElapsed } from './line-times.ts'
import type { Line } from './log-source.ts'
import { layOutLine, type Span } from './terminal-line.ts'
import type { TextStyle } from './text-style.ts'
import { findWebLinks } from './web-links.ts'

const decoder = new TextDecoder()

/** Lines of the runner, and markers of groups. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches changes of colour
const RUNNER = /^(?:▸ |(?:\u001b\[[0-9;]*m)*(?:::endgroup::|##\[endgroup\]))/

/**
 * Creates the element of a line. Content is inserted as text only. `style` continues from the line before.
 * @param isHead whether it begins a fold
 */
export function createLine(
  line: Line,
  style: TextStyle,
  isHead: boolean,
): { element: HTMLElement; style: TextStyle } {
  const content = decoder.decode(line.bytes).replace(/\r$/, '')
  const isRunner = !isHead && RUNNER.test(content)
  const laidOut = layOutLine(isRunner ? content.replace(/^▸ /, '') : content, style)
  const element = document.createElement('div')
  element.className = isHead ? 'line head' : isRunner ? 'line runner' : 'line'
  element.dataset.line = String(line.number)
  const link = document.createElement('a')
  link.href = `#L${line.number}`
  link.textContent = String(line.number)
  link.setAttribute('aria-label', `Line ${line.number}`)
  element.append(link, isHead ? createHead(content) : createText(laidOut.spans, line.more))
  return { element, style: laidOut.style }
}

function createText(spans: readonly Span[], isTruncated: boolean): HTMLElement {
  const text = document.createElement('span')
  text.className = 'text'
  text.append(...createLinked(spans))
  if (isTruncated) text.append(createNote(' … line truncated: see the raw log'))
  return text
}

/** The spans of a line, with its web addresses as links. An address may span several colours. */
function createLinked(spans: readonly Span[]): Node[] {
  const links = findWebLinks(spans.map(({ text }) => text).join(''))
  if (links.length === 0) return spans.map(createSpan)
  const nodes: Node[] = []
  const cut = (from: number, to: number) => cutSpans(spans, from, to).map(createSpan)
  let at = 0
  for (const { from, to, href } of links) {
    const link = document.createElement('a')
    link.href = href
    link.rel = 'noreferrer nofollow'
    link.append(...cut(from, to))
    nodes.push(...cut(at, from), link)
    at = to
  }
  return [...nodes, ...cut(at, Number.POSITIVE_INFINITY)]
}

/** The parts of spans between two offsets in their whole text. */
function cutSpans(spans: readonly Span[], from: number, to: number): Span[] {
  let start = 0
  return spans.flatMap(({ text, style }) => {
    const part = text.slice(Math.max(0, from - start), Math.max(0, to - start))
    start += text.length
    return part === '' ? [] : [{ text: part, style }]
  })
}

/** Marks the line if a link points to it. */
export function markLine(element: HTMLElement, marked: Lines | null): void {
  const line = Number(element.dataset.line)
  element.classList.toggle('marked', marked !== null && line >= marked.from && line <= marked.to)
}

function createSpan({ text, style }: Span): Node {
  const { color, background, decorations } = style
  if (!color && !background && decorations.length === 0) return document.createTextNode(text)
  const span = document.createElement('span')
  span.textContent = text
  span.classList.add(...decorations)
  if (color?.startsWith('ansi-')) span.classList.add(color)
  else if (color) span.style.color = readable(`rgb(${color})`)
  if (background?.startsWith('ansi-')) span.classList.add(`on-${background}`)
  else if (background) span.style.backgroundColor = `color-mix(in srgb, rgb(${background}) 12%, transparent)`
  if (!decorations.includes('reverse')) return span
  // The CSS swaps text and background colour, which takes two elements.
  const inner = document.createElement('span')
  inner.textContent = text
  span.replaceChildren(inner)
  return span
}

/** Keeps the hue of a colour, but limits its lightness so that it is readable on the page's background. */
const readable = (color: string) =>
  `light-dark(oklch(from ${color} min(l, 0.5) c h), oklch(from ${color} max(l, 0.7) c h))`

function createNote(text: string): HTMLElement {
  const note = document.createElement('em')
  note.textContent = text
  return note
}

/** Shows how long after the start of its job a line was written, and the time of day in its title. */
export function showTime(element: HTMLElement, seconds: number | null, startedAt: number | null): void {
  const link = element.firstElementChild as HTMLElement
  const text = seconds === null ? '' : describeElapsed(seconds)
  if ((link.dataset.at ?? '') === text) return
  link.dataset.at = text
  if (seconds !== null && startedAt !== null)
    link.title = new Date(startedAt + seconds * 1000).toLocaleTimeString()
}
