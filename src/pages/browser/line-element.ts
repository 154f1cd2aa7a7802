import type { Lines } from './line-link.ts'
import type { Line } from './log-source.ts'
import { layOutLine, type Span, type TextStyle } from './terminal-line.ts'

const decoder = new TextDecoder()

/** A line of the log as an element; whatever it says becomes text. `look` is what the line before it left on. */
export function createLine(line: Line, look: TextStyle): { element: HTMLElement; look: TextStyle } {
  const laidOut = layOutLine(decoder.decode(line.bytes).replace(/\r$/, ''), look)
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
  if (line.more) text.append(createNote(' … this line goes on: the raw log has all of it'))
  element.append(link, text)
  return { element, look: laidOut.look }
}

/** Whether a link points at the line. */
export function markLine(element: HTMLElement, marked: Lines | null): void {
  const line = Number(element.dataset.line)
  element.classList.toggle('marked', marked !== null && line >= marked.from && line <= marked.to)
}

function createSpan({ text, look }: Span): Node {
  const { color, background, decorations } = look
  if (!color && !background && decorations.length === 0) return document.createTextNode(text)
  const span = document.createElement('span')
  span.textContent = text
  span.classList.add(...decorations)
  if (color?.startsWith('ansi-')) span.classList.add(color)
  else if (color) span.style.color = readable(`rgb(${color})`)
  if (background?.startsWith('ansi-')) span.classList.add(`on-${background}`)
  else if (background) span.style.backgroundColor = `color-mix(in srgb, rgb(${background}) 30%, transparent)`
  if (!decorations.includes('reverse')) return span
  // The ground takes the colour of the text, and the text that of the ground.
  const inner = document.createElement('span')
  inner.textContent = text
  span.replaceChildren(inner)
  return span
}

/** A program chose it for a ground that it did not know: on ours it keeps its hue, and is dark or light enough. */
const readable = (color: string) =>
  `light-dark(oklch(from ${color} min(l, 0.5) c h), oklch(from ${color} max(l, 0.7) c h))`

function createNote(text: string): HTMLElement {
  const note = document.createElement('em')
  note.textContent = text
  return note
}
