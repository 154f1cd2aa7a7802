import { createLine } from './line-element.ts'
import type { LogSource } from './log-source.ts'
import type { TextStyle } from './text-style.ts'

/** The number of lines that are rendered at a time. */
export const CHUNK_LINES = 100

/** Rendered lines, and the text style before and after them: colours may continue on the next line. */
export type Chunk = { element: HTMLElement; lines: number; style: TextStyle; styleAfter: TextStyle }

export async function renderChunk(source: LogSource, number: number, style: TextStyle): Promise<Chunk> {
  const lines = await source.lines(number * CHUNK_LINES + 1, CHUNK_LINES)
  const element = document.createElement('div')
  let styleAfter = style
  for (const line of lines) {
    const created = createLine(line, styleAfter)
    styleAfter = created.style
    element.append(created.element)
  }
  return { element, lines: lines.length, style, styleAfter }
}
