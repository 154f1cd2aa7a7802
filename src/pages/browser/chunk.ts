import { createLine } from './line-element.ts'
import type { LogSource } from './log-source.ts'
import type { TextStyle } from './terminal-line.ts'

/** Lines are drawn so many at a time. */
export const CHUNK_LINES = 100

/** Drawn lines, and how text looks before and after them: a colour may go on from line to line. */
export type Chunk = { element: HTMLElement; lines: number; look: TextStyle; styleAfter: TextStyle }

export async function renderChunk(source: LogSource, number: number, look: TextStyle): Promise<Chunk> {
  const lines = await source.lines(number * CHUNK_LINES + 1, CHUNK_LINES)
  const element = document.createElement('div')
  let styleAfter = look
  for (const line of lines) {
    const created = createLine(line, styleAfter)
    styleAfter = created.look
    element.append(created.element)
  }
  return { element, lines: lines.length, look, styleAfter }
}
