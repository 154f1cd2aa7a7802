import { CHUNK_LINES as CHUNK, type Chunk, renderChunk } from './chunk.ts'
import { markLine } from './line-element.ts'
import type { Lines } from './line-link.ts'
import type { LogSource } from './log-source.ts'
import { keepScrollPosition, lineHeightOf, pixelsPerLine } from './scroll.ts'
import { PLAIN } from './terminal-line.ts'

/** Chunks further away than these are taken off the page. */
const MOST_CHUNKS = 14
const AT_END_PIXELS = 8

/**
 * The part of a log that is seen, and a little around it. Two spaces stand for what is above and below, so that the
 * page's own scrollbar leads through all of it.
 */
export class LogView {
  readonly #source: LogSource
  readonly #above = document.createElement('div')
  readonly #drawn = document.createElement('div')
  readonly #below = document.createElement('div')
  /** Of consecutive numbers, from `#first` on. */
  #chunks: Chunk[] = []
  #first = 0
  #lineHeight = 20
  #isAsked = false
  /** Whoever changes what is drawn waits for whoever does so already. */
  #turn: Promise<unknown> = Promise.resolve()
  #marked: Lines | null = null
  /** Of the source, when it was last looked at. */
  #knownBytes = 0
  #knownLines = 0
  /** Called whenever other lines are on the page. */
  onDraw: () => void = () => {}

  constructor(root: HTMLElement, source: LogSource) {
    this.#source = source
    root.replaceChildren(this.#above, this.#drawn, this.#below)
    addEventListener('scroll', () => void this.update(), { passive: true })
    addEventListener('resize', () => void this.update())
  }

  /** Whether the end of the log is on the screen. */
  get isAtEnd(): boolean {
    const end = document.documentElement.scrollHeight - innerHeight - scrollY
    return this.#next >= this.#chunkCount && end <= AT_END_PIXELS
  }

  /** Draws what is to be seen now. */
  update(): Promise<unknown> {
    if (!this.#isAsked) void this.#inTurn(() => this.#settle())
    this.#isAsked = true
    return this.#turn
  }

  showEnd(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#grow()
      const last = this.#chunkCount - 1
      if (last > this.#next || last < this.#first) await this.#jump(last)
      scrollTo(0, document.documentElement.scrollHeight)
      await this.#settle()
      scrollTo(0, document.documentElement.scrollHeight)
    })
  }

  /** Puts a line in the upper third of the screen; answers its element. */
  showLine(number: number): Promise<HTMLElement | null> {
    return this.#inTurn(async () => {
      const line = Math.min(number, this.#source.lineCount)
      const chunk = Math.floor((line - 1) / CHUNK)
      if (line < 1) return null
      if (chunk < this.#first || chunk >= this.#next) await this.#jump(chunk)
      scrollBy(0, (this.elementOf(line)?.getBoundingClientRect().top ?? 0) - innerHeight / 3)
      await this.#settle()
      return this.elementOf(line)
    })
  }

  elementOf(line: number): HTMLElement | null {
    return this.#drawn.querySelector(`[data-line="${line}"]`)
  }

  mark(lines: Lines | null): void {
    this.#marked = lines
    for (const element of this.#drawn.querySelectorAll<HTMLElement>('.line')) markLine(element, lines)
  }

  get #next(): number {
    return this.#first + this.#chunks.length
  }

  get #chunkCount(): number {
    return Math.ceil(this.#source.lineCount / CHUNK)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(console.warn)
    return done
  }

  async #settle(): Promise<void> {
    this.#isAsked = false
    await this.#grow()
    while (await this.#step()) {}
  }

  /** One step towards what is to be seen; whether there may be another. */
  async #step(): Promise<boolean> {
    if (this.#chunkCount === 0) return false
    const { top, bottom } = this.#drawn.getBoundingClientRect()
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

  /** The chunk that belongs to the place to which somebody has scrolled. */
  #chunkOnScreen(topOfDrawn: number): number {
    const perChunk = CHUNK * pixelsPerLine(this.#lineHeight, this.#source.lineCount)
    const chunk =
      topOfDrawn > innerHeight
        ? -this.#above.getBoundingClientRect().top / perChunk
        : this.#next - this.#below.getBoundingClientRect().top / perChunk
    return Math.max(0, Math.min(Math.floor(chunk), this.#chunkCount - 1))
  }

  async #jump(chunk: number): Promise<void> {
    const drawn = await this.#draw(chunk)
    this.#first = chunk
    this.#chunks = [drawn]
    this.#drawn.replaceChildren(drawn.element)
    this.#lineHeight = lineHeightOf(this.#drawn) ?? this.#lineHeight
    this.#space()
    this.onDraw()
    // The spaces are estimates: what has been asked for is put where the reader looks.
    const { top, bottom } = this.#drawn.getBoundingClientRect()
    if (bottom < 0 || top > innerHeight) scrollBy(0, top)
  }

  async #extend(chunk: number): Promise<boolean> {
    const isBefore = chunk < this.#first
    const look = isBefore ? PLAIN : (this.#chunks.at(-1)?.styleAfter ?? PLAIN)
    const drawn = await this.#draw(chunk, look)
    if (drawn.lines === 0) return false
    keepScrollPosition(this.#drawn, () => {
      if (isBefore) this.#chunks.unshift(drawn)
      else this.#chunks.push(drawn)
      this.#drawn[isBefore ? 'prepend' : 'append'](drawn.element)
      const far = this.#chunks.length > MOST_CHUNKS ? this.#chunks[isBefore ? 'pop' : 'shift']() : undefined
      far?.element.remove()
      this.#first += isBefore ? -1 : far ? 1 : 0
      this.#space()
    })
    this.onDraw()
    return true
  }

  /** The last chunk takes in the lines that have come since it was drawn. */
  async #grow(): Promise<void> {
    const last = this.#chunks.at(-1)
    const number = this.#next - 1
    // A line that had not ended may have gone on even if no other came.
    const mayGrow = number * CHUNK + (last?.lines ?? 0) >= this.#knownLines
    if (last && mayGrow && this.#source.size !== this.#knownBytes) {
      const drawn = await this.#draw(number, last.look)
      if (drawn.element.textContent !== last.element.textContent) {
        last.element.replaceWith(drawn.element)
        this.#chunks[this.#chunks.length - 1] = drawn
        this.onDraw()
      }
    }
    this.#knownBytes = this.#source.size
    this.#knownLines = this.#source.lineCount
    this.#space()
  }

  async #draw(chunk: number, look = PLAIN): Promise<Chunk> {
    const drawn = await renderChunk(this.#source, chunk, look)
    for (const line of drawn.element.children) markLine(line as HTMLElement, this.#marked)
    return drawn
  }

  #space() {
    const { lineCount } = this.#source
    const each = pixelsPerLine(this.#lineHeight, lineCount)
    this.#above.style.height = `${this.#first * CHUNK * each}px`
    this.#below.style.height = `${Math.max(0, lineCount - this.#next * CHUNK) * each}px`
  }
}
