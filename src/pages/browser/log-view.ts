import { CHUNK_LINES as CHUNK, type Chunk, renderChunk } from './chunk.ts'
import { markLine } from './line-element.ts'
import type { Lines } from './line-link.ts'
import type { LogSource } from './log-source.ts'
import { keepScrollPosition, lineHeightOf, pixelsPerLine } from './scroll.ts'
import { PLAIN } from './text-style.ts'

/** Chunks beyond this number are removed from the page. */
const MAX_CHUNKS = 14
const AT_END_PIXELS = 8

/**
 * Renders only the visible part of a log and a little around it. Two spacers take the place of the rest, so that the
 * page's own scrollbar covers the whole log.
 */
export class LogView {
  readonly #source: LogSource
  readonly #above = document.createElement('div')
  readonly #lines = document.createElement('div')
  readonly #below = document.createElement('div')
  /** Consecutive chunks, the first of which has the number `#first`. */
  #chunks: Chunk[] = []
  #first = 0
  #lineHeight = 20
  #isUpdatePending = false
  /** Changes of the page run one after another. */
  #queue: Promise<unknown> = Promise.resolve()
  #marked: Lines | null = null
  /** The size of the source when it was last rendered. */
  #knownBytes = 0
  #knownLines = 0
  /** Called whenever the lines on the page have changed. */
  onRender: () => void = () => {}

  constructor(root: HTMLElement, source: LogSource) {
    this.#source = source
    root.replaceChildren(this.#above, this.#lines, this.#below)
    addEventListener('scroll', () => void this.update(), { passive: true })
    addEventListener('resize', () => void this.update())
  }

  /** Whether the end of the log is visible. */
  get isAtEnd(): boolean {
    const end = document.documentElement.scrollHeight - innerHeight - scrollY
    return this.#next >= this.#chunkCount && end <= AT_END_PIXELS
  }

  /** Renders the lines that are visible now. */
  update(): Promise<unknown> {
    if (!this.#isUpdatePending) void this.#enqueue(() => this.#render())
    this.#isUpdatePending = true
    return this.#queue
  }

  showEnd(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#refreshLastChunk()
      const last = this.#chunkCount - 1
      if (last > this.#next || last < this.#first) await this.#jump(last)
      scrollTo(0, document.documentElement.scrollHeight)
      await this.#render()
      scrollTo(0, document.documentElement.scrollHeight)
    })
  }

  /** Scrolls a line to the upper third of the screen. Returns its element. */
  showLine(number: number): Promise<HTMLElement | null> {
    return this.#enqueue(async () => {
      const line = Math.min(number, this.#source.lineCount)
      const chunk = Math.floor((line - 1) / CHUNK)
      if (line < 1) return null
      if (chunk < this.#first || chunk >= this.#next) await this.#jump(chunk)
      scrollBy(0, (this.elementOf(line)?.getBoundingClientRect().top ?? 0) - innerHeight / 3)
      await this.#render()
      return this.elementOf(line)
    })
  }

  elementOf(line: number): HTMLElement | null {
    return this.#lines.querySelector(`[data-line="${line}"]`)
  }

  mark(lines: Lines | null): void {
    this.#marked = lines
    for (const element of this.#lines.querySelectorAll<HTMLElement>('.line')) markLine(element, lines)
  }

  get #next(): number {
    return this.#first + this.#chunks.length
  }

  get #chunkCount(): number {
    return Math.ceil(this.#source.lineCount / CHUNK)
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(console.warn)
    return done
  }

  async #render(): Promise<void> {
    this.#isUpdatePending = false
    await this.#refreshLastChunk()
    while (await this.#step()) {}
  }

  /** Renders one more chunk if necessary. Returns whether another may be necessary. */
  async #step(): Promise<boolean> {
    if (this.#chunkCount === 0) return false
    const { top, bottom } = this.#lines.getBoundingClientRect()
    if (this.#chunks.length === 0 || bottom < 0 || top > innerHeight) {
      const chunk = this.#chunks.length === 0 ? 0 : this.#chunkOnScreen(top)
      if (this.#chunks.length === 1 && this.#first === chunk) return false
      await this.#jump(chunk)
      return true
    }
    if (top > -innerHeight && this.#first > 0) return this.#extend(this.#first - 1)
    if (bottom < 2 * innerHeight && this.#next < this.#chunkCount) return this.#extend(this.#next)
    return false
  }

  /** The chunk at the current scroll position, which is outside the rendered lines. */
  #chunkOnScreen(linesTop: number): number {
    const perChunk = CHUNK * pixelsPerLine(this.#lineHeight, this.#source.lineCount)
    const chunk =
      linesTop > innerHeight
        ? -this.#above.getBoundingClientRect().top / perChunk
        : this.#next - this.#below.getBoundingClientRect().top / perChunk
    return Math.max(0, Math.min(Math.floor(chunk), this.#chunkCount - 1))
  }

  async #jump(chunk: number): Promise<void> {
    const rendered = await this.#renderChunk(chunk)
    this.#first = chunk
    this.#chunks = [rendered]
    this.#lines.replaceChildren(rendered.element)
    this.#lineHeight = lineHeightOf(this.#lines) ?? this.#lineHeight
    this.#resizeSpacers()
    this.onRender()
    // The heights of the spacers are estimates: scrolls to the chunk if it is not visible.
    const { top, bottom } = this.#lines.getBoundingClientRect()
    // The beginning of the log may be below the screen, if the head of the page is tall: the page stays there.
    if (bottom < 0 || (top > innerHeight && chunk > 0)) scrollBy(0, top)
  }

  async #extend(chunk: number): Promise<boolean> {
    const isBefore = chunk < this.#first
    const style = isBefore ? PLAIN : (this.#chunks.at(-1)?.styleAfter ?? PLAIN)
    const rendered = await this.#renderChunk(chunk, style)
    if (rendered.lines === 0) return false
    keepScrollPosition(this.#lines, () => {
      if (isBefore) this.#chunks.unshift(rendered)
      else this.#chunks.push(rendered)
      this.#lines[isBefore ? 'prepend' : 'append'](rendered.element)
      const far = this.#chunks.length > MAX_CHUNKS ? this.#chunks[isBefore ? 'pop' : 'shift']() : undefined
      far?.element.remove()
      this.#first += isBefore ? -1 : far ? 1 : 0
      this.#resizeSpacers()
    })
    this.onRender()
    return true
  }

  /** Renders the last chunk again if its lines have changed. */
  async #refreshLastChunk(): Promise<void> {
    const last = this.#chunks.at(-1)
    const number = this.#next - 1
    // The last line may have grown even if there is no new one.
    const mayGrow = number * CHUNK + (last?.lines ?? 0) >= this.#knownLines
    if (last && mayGrow && this.#source.size !== this.#knownBytes) {
      const rendered = await this.#renderChunk(number, last.style)
      if (rendered.element.textContent !== last.element.textContent) {
        last.element.replaceWith(rendered.element)
        this.#chunks[this.#chunks.length - 1] = rendered
        this.onRender()
      }
    }
    this.#knownBytes = this.#source.size
    this.#knownLines = this.#source.lineCount
    this.#resizeSpacers()
  }

  async #renderChunk(chunk: number, style = PLAIN): Promise<Chunk> {
    const rendered = await renderChunk(this.#source, chunk, style)
    for (const line of rendered.element.children) markLine(line as HTMLElement, this.#marked)
    return rendered
  }

  #resizeSpacers() {
    const { lineCount } = this.#source
    const each = pixelsPerLine(this.#lineHeight, lineCount)
    this.#above.style.height = `${this.#first * CHUNK * each}px`
    this.#below.style.height = `${Math.max(0, lineCount - this.#next * CHUNK) * each}px`
  }
}
