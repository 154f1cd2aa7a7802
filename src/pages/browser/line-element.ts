import type { Lines } from './line-link.ts'
import type { Line } from './log-source.ts'
import { layOutLine, type Span } from './terminal-line.ts'
import type { TextStyle } from './text-style.ts'

const decoder = new TextDecoder()

/** Creates the element of a line. Content is inserted as text only. `style` continues from the line before. */
export function createLine(line: Line, style: TextStyle): { element: HTMLElement; style: TextStyle } {
  const laidOut = layOutLine(decoder.decode(line.bytes).replace(/\r$/, ''), style)
  const element = document.createElement('div')
  element.className = 'line'
  element.dataset.line = String(line.number)
  const link = document.createElement('a')
  link.href = `#L${line.number}`
  link.textContent = String(line.number)
  link.setAttribute('aria-label', `Line ${line.number}`)
  const text = document.createElement('span')
  text.className = 'text'
  text.append(...laidOut.spans.map(createSpan))
  if (line.more) text.append(createNote(' … line truncated: see the raw log'))
  element.append(link, text)
  return { element, style: laidOut.style }
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
  else if (background) span.style.backgroundColor = `color-mix(in srgb, rgb(${background}) 30%, transparent)`
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
