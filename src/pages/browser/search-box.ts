import { containing, looksLikeError, type Progress, searchLog } from './log-search.ts'
import type { LogSource } from './log-source.ts'
import type { LogView } from './log-view.ts'

const HIGHLIGHT = 'search'

/** Stands for lines that look like a failure, which are searched for without a text. */
const FAILURE = Symbol('failure')

/** Finds a text in the log, or lines that look like a failure, and steps through the matching lines. */
export class SearchBox {
  readonly #source: LogSource
  readonly #view: LogView
  readonly #input: HTMLInputElement
  readonly #output: HTMLElement
  #running = new AbortController()
  #searched: string | typeof FAILURE = ''
  #found: readonly number[] = []
  #at = -1

  constructor(form: HTMLFormElement, source: LogSource, view: LogView) {
    this.#source = source
    this.#view = view
    this.#input = form.querySelector('input') as HTMLInputElement
    this.#output = form.querySelector('output') as HTMLElement
    form.addEventListener('submit', event => {
      event.preventDefault()
      if (this.#input.value !== '') void this.step(1)
    })
    this.#input.addEventListener('keydown', event => this.#handleKey(event))
    this.#input.addEventListener('input', () => this.#input.value === '' && this.#stop())
    form.querySelector('[data-step="-1"]')?.addEventListener('click', () => void this.step(-1))
  }

  focus(): void {
    this.#input.focus()
    this.#input.select()
  }

  /** Goes to the next or previous line with the text in the box, or with a failure if there is none. */
  async step(step: 1 | -1): Promise<void> {
    const wanted = this.#input.value === '' ? FAILURE : this.#input.value
    if (wanted !== this.#searched) return this.#search(wanted)
    if (this.#found.length === 0) return
    this.#at = (this.#at + step + this.#found.length) % this.#found.length
    await this.#show()
  }

  /** Highlights the text in the rendered lines. */
  highlight(): void {
    if (!CSS.highlights) return
    CSS.highlights.delete(HIGHLIGHT)
    const text = this.#searched
    if (text === '' || text === FAILURE) return
    const ranges = [...document.querySelectorAll('.line .text')].flatMap(line => rangesIn(line, text))
    CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges))
  }

  #handleKey(event: KeyboardEvent) {
    if (event.key === 'Escape') {
      this.#input.value = ''
      this.#stop()
      this.#input.blur()
    } else if (event.key === 'Enter' && event.shiftKey) {
      event.preventDefault()
      void this.step(-1)
    }
  }

  async #search(wanted: string | typeof FAILURE): Promise<void> {
    this.#stop()
    this.#searched = wanted
    this.#output.textContent = 'searching …'
    const { signal } = this.#running
    const matches = wanted === FAILURE ? looksLikeError : containing(wanted)
    await searchLog(this.#source, matches, progress => void this.#showProgress(progress), signal)
  }

  async #showProgress({ found, share, isDone }: Progress): Promise<void> {
    const isFirst = this.#at < 0 && found.length > 0
    this.#found = found
    if (isFirst) this.#at = 0
    this.#describe(isDone ? '' : `, ${Math.round(share * 100)} % searched`)
    if (isFirst) await this.#show()
    else this.highlight()
  }

  async #show(): Promise<void> {
    const line = this.#found[this.#at]
    if (line === undefined) return
    this.#describe('')
    document.querySelector('.line.current')?.classList.remove('current')
    const element = await this.#view.showLine(line)
    element?.classList.add('current')
    this.highlight()
  }

  #describe(more: string) {
    const { length } = this.#found
    const [name, none] = this.#searched === FAILURE ? ['failure ', 'no failure found'] : ['', 'not found']
    this.#output.textContent = length === 0 ? `${none}${more}` : `${name}${this.#at + 1} of ${length}${more}`
  }

  #stop() {
    this.#running.abort()
    this.#running = new AbortController()
    this.#searched = ''
    this.#found = []
    this.#at = -1
    this.#output.textContent = ''
    document.querySelector('.line.current')?.classList.remove('current')
    this.highlight()
  }
}

/** The occurrences of a text in a line, across its coloured spans. */
function rangesIn(line: Element, text: string): Range[] {
  const content = (line.textContent ?? '').toLowerCase()
  const ranges: Range[] = []
  const query = text.toLowerCase()
  for (let at = content.indexOf(query); at >= 0; at = content.indexOf(query, at + query.length)) {
    const range = document.createRange()
    const [start, end] = [positionOf(line, at), positionOf(line, at + query.length)]
    if (!start || !end) break
    range.setStart(start.node, start.offset)
    range.setEnd(end.node, end.offset)
    ranges.push(range)
  }
  return ranges
}

/** The text node, and the offset in it, of a character of the line. */
function positionOf(line: Element, at: number): { node: Node; offset: number } | null {
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT)
  let left = at
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.textContent?.length ?? 0
    if (left <= length) return { node, offset: left }
    left -= length
  }
  return null
}
