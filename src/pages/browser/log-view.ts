import type { Fold, Folds } from './folds.ts'
import { markLine } from './line-element.ts'
import type { Lines } from './line-link.ts'
import { LineTimes } from './line-times.ts'
import type { LogSource } from './log-source.ts'
import type { RowContext } from './row.ts'
import { RowWindow } from './row-window.ts'
import { keepScrollPosition, lineHeightOf, pixelsPerLine } from './scroll.ts'

/** This many rows are added at a time. */
const STEP_ROWS = 50
/** Rows at most this far away are reached without drawing everything again. */
const NEAR_ROWS = 300
const AT_END_PIXELS = 8

/**
 * Renders only the visible part of a log and a little around it. Two spacers replace the rest, so that the page's own scrollbar covers
 * the whole log. A row is a line that is not hidden in a closed fold.
 */
export class LogView {
  readonly #source: LogSource
  readonly #folds: Folds
  readonly #context: RowContext
  readonly #window: RowWindow
  readonly #above = document.createElement('div')
  readonly #below = document.createElement('div')
  #lineHeight = 20
  #isUpdatePending = false
  /** Changes of the page run one after another. */
  #queue: Promise<unknown> = Promise.resolve()
  /** The size of the source when it was last rendered. */
  #knownBytes = 0
  /** The position to which the view itself has scrolled. */
  #scrolledTo = -1
  /** Called whenever the lines on the page have changed. */
  onRender: () => void = () => {}
  /** Called when the reader goes to a line. */
  onJump: () => void = () => {}

  constructor(root: HTMLElement, source: LogSource, folds: Folds) {
    this.#source = source
    this.#folds = folds
    this.#context = { folds, times: new LineTimes(), startedAt: null, marked: null }
    this.#window = new RowWindow(source, this.#context)
    root.replaceChildren(this.#above, this.#window.element, this.#below)
    addEventListener('scroll', () => void this.update(), { passive: true })
    addEventListener('resize', () => void this.update())
  }

  /** Whether the end of the log is visible. */
  get isAtEnd(): boolean {
    const end = document.documentElement.scrollHeight - innerHeight - scrollY
    return this.#window.next > this.#rowCount && end <= AT_END_PIXELS
  }

  /** Whether the page is still where the view scrolled it. */
  get isWhereScrolled(): boolean {
    return Math.abs(scrollY - this.#scrolledTo) < 2
  }

  /** Renders the lines that are visible now. */
  update(): Promise<unknown> {
    if (!this.#isUpdatePending) void this.#enqueue(() => this.#render())
    this.#isUpdatePending = true
    return this.#queue
  }

  showEnd(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#refreshLast()
      const last = this.#rowCount
      if (last > this.#window.next + NEAR_ROWS || last < this.#window.first) await this.#jump(last)
      this.#scroll(() => scrollTo(0, document.documentElement.scrollHeight))
      await this.#render()
      this.#scroll(() => scrollTo(0, document.documentElement.scrollHeight))
    })
  }

  /** Scrolls a line to the upper third of the screen, and opens the folds around it. Returns its element. */
  showLine(number: number): Promise<HTMLElement | null> {
    this.onJump()
    return this.#enqueue(async () => {
      const line = Math.min(number, this.#source.lineCount)
      if (line < 1) return null
      if (this.#folds.rows.isHidden(line)) await this.#refold(() => this.#folds.reveal(line))
      const row = this.#folds.rows.rowOf(line)
      if (!this.#window.has(row)) await this.#jump(row)
      const top = this.elementOf(line)?.getBoundingClientRect().top ?? 0
      this.#scroll(() => scrollBy(0, top - innerHeight / 3))
      await this.#render()
      return this.elementOf(line)
    })
  }

  elementOf(line: number): HTMLElement | null {
    return this.#window.elementOf(line)
  }

  mark(lines: Lines | null): void {
    this.#context.marked = lines
    for (const { element } of this.#window.rows) markLine(element, lines)
  }

  /** Opens or closes the fold that begins with this line. The line stays where it is. */
  toggle(line: number): Promise<void> {
    return this.#enqueue(async () => {
      const fold = this.#folds.at(line)
      if (fold) await this.#refold(() => this.#folds.toggle(fold), line)
      await this.#render()
    })
  }

  /**
   * Shows other folds and times. The first visible line stays where it is.
   * @param startedAt when the job started, in ms since 1970
   */
  outline(
    folds: readonly Fold[],
    { times, startedAt, isFollowing }: { times: LineTimes; startedAt: number | null; isFollowing: boolean },
  ): Promise<void> {
    return this.#enqueue(async () => {
      Object.assign(this.#context, { times, startedAt })
      const read = isFollowing ? null : this.#window.visible
      await this.#refold(() => this.#folds.set(folds, read))
    })
  }

  get #rowCount(): number {
    return this.#folds.rowCount(this.#source.lineCount)
  }

  get #fillsScreen(): boolean {
    const { top, bottom } = this.#window.element.getBoundingClientRect()
    return bottom >= innerHeight && (top <= 0 || this.#window.first === 1)
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(console.warn)
    return done
  }

  #scroll(change: () => void): void {
    change()
    this.#scrolledTo = scrollY
  }

  /** Changes the page and scrolls so that it looks the same. Whether the reader has scrolled stays known. */
  #adjust(change: () => void): void {
    const wasWhereScrolled = this.isWhereScrolled
    change()
    if (wasWhereScrolled) this.#scrolledTo = scrollY
  }

  async #render(): Promise<void> {
    this.#isUpdatePending = false
    await this.#refreshLast()
    // The page stays responsive while rows are drawn ahead.
    while (await this.#step()) if (this.#fillsScreen) await new Promise(resolve => setTimeout(resolve))
  }

  /** Renders more rows if necessary. Returns whether others may be necessary. */
  async #step(): Promise<boolean> {
    if (this.#rowCount === 0) return false
    const { rows, first, next, element } = this.#window
    const { top, bottom } = element.getBoundingClientRect()
    if (rows.length === 0 || bottom < 0 || top > innerHeight) {
      const row = rows.length === 0 ? 1 : this.#rowOnScreen(top)
      if (this.#window.has(row)) return false
      if (rows.length > 0 && row >= next && row < next + NEAR_ROWS) return this.#extend(false)
      if (rows.length > 0 && row < first && row >= first - NEAR_ROWS) return this.#extend(true)
      await this.#jump(row)
      return true
    }
    if (top > -innerHeight && first > 1) return this.#extend(true)
    const isEnough = bottom >= 2 * innerHeight && rows.length >= STEP_ROWS
    if (!isEnough && next <= this.#rowCount) return this.#extend(false)
    return false
  }

  /** The row at the current scroll position, which is outside the rendered lines. */
  #rowOnScreen(linesTop: number): number {
    const each = pixelsPerLine(this.#lineHeight, this.#rowCount)
    const row =
      linesTop > innerHeight
        ? 1 - this.#above.getBoundingClientRect().top / each
        : this.#window.next - this.#below.getBoundingClientRect().top / each
    return Math.max(1, Math.min(Math.floor(row), this.#rowCount))
  }

  /** Renders only the rows around this one. */
  async #jump(row: number): Promise<void> {
    const from = Math.floor((row - 1) / STEP_ROWS) * STEP_ROWS + 1
    this.#window.place(from, await this.#window.create(from, STEP_ROWS))
    const { element } = this.#window
    this.#lineHeight = lineHeightOf(element) ?? this.#lineHeight
    this.#resizeSpacers()
    this.onRender()
    // The heights of the spacers are estimates: scrolls to the rows if they are not visible. The beginning may be below the screen.
    const { top, bottom } = element.getBoundingClientRect()
    if (bottom < 0 || (top > innerHeight && from > 1)) this.#scroll(() => scrollBy(0, top))
  }

  async #extend(isBefore: boolean): Promise<boolean> {
    const { first, next, rows, element } = this.#window
    const from = isBefore ? Math.max(1, first - STEP_ROWS) : next
    const before = isBefore ? undefined : rows.at(-1)
    const added = await this.#window.create(from, isBefore ? first - from : STEP_ROWS, before)
    if (added.length === 0) return false
    this.#adjust(() =>
      keepScrollPosition(element, () => {
        this.#window.extend(added, isBefore)
        this.#resizeSpacers()
      }),
    )
    this.onRender()
    return true
  }

  /** Keeps this line where it is, or else the first visible one. If a fold hides that line now, the fold takes its place. */
  async #refold(change: () => void, kept?: number): Promise<void> {
    const line = kept ?? this.#window.visible?.from
    const before = line === undefined ? 0 : (this.elementOf(line)?.getBoundingClientRect().top ?? 0)
    change()
    const { first, rows } = await this.#window.redraw()
    if (line === undefined) return
    const { rows: map } = this.#folds
    this.#adjust(() => {
      this.#window.place(first, rows)
      this.#resizeSpacers()
      const after = this.elementOf(map.lineOf(map.rowOf(line)))?.getBoundingClientRect().top ?? before
      if (Math.abs(after - before) >= 1) scrollBy(0, after - before)
    })
    this.onRender()
  }

  /** Draws the last line again if it has grown. */
  async #refreshLast(): Promise<void> {
    if (this.#source.size !== this.#knownBytes && (await this.#window.refreshLast())) this.onRender()
    this.#knownBytes = this.#source.size
    this.#resizeSpacers()
  }

  #resizeSpacers() {
    const count = this.#rowCount
    const each = pixelsPerLine(this.#lineHeight, count)
    this.#above.style.height = `${(this.#window.first - 1) * each}px`
    this.#below.style.height = `${Math.max(0, count - this.#window.next + 1) * each}px`
  }
}
