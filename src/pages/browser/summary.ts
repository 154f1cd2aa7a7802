import { morph } from './morph.ts'
import { keepScrollPosition } from './scroll.ts'
import { fetchSummary } from './server.ts'
import { showDurations, showTimes } from './times.ts'

const SECOND = 1000

/** The parts of the page that the server renders again as they change. */
const PARTS = ['summary', 'tabs', 'standing', 'jobs', 'shown']

/** The build's facts and status, its jobs, and the state of the shown one. */
export class Summary {
  /** An ended build never changes. */
  get hasEnded(): boolean {
    return this.#element?.dataset.ended === 'true'
  }

  /** Whether the job or build of the shown log has failed. */
  get isRed(): boolean {
    return this.#element?.dataset.red === 'true'
  }

  /** Whether the job or build of the shown log has ended. */
  get isOver(): boolean {
    return this.#element?.dataset.over === 'true'
  }

  /** The log that the page shows; empty if there is none yet. */
  get log(): string {
    return this.#element?.dataset.log ?? ''
  }

  get #element(): HTMLElement | null {
    return document.getElementById('summary')
  }

  /** Fetches it from the server again. */
  async refresh(): Promise<void> {
    const text = await fetchSummary()
    if (text === this.#served) return
    this.#served = text
    const fresh = new DOMParser().parseFromString(text, 'text/html')
    const log = document.getElementById('log') as HTMLElement
    const change = () => {
      for (const id of PARTS) {
        const [part, next] = [document.getElementById(id), fresh.getElementById(id)]
        if (part && next) morph(part, next)
      }
      this.show()
    }
    // For a reader of the log, the lines stay in view.
    if (log.getBoundingClientRect().top < 0) keepScrollPosition(log, change)
    else change()
  }

  /** Sets the page's title and icon, and shows times in the reader's time zone. */
  show(): void {
    const { title = document.title, icon } = this.#element?.dataset ?? {}
    document.title = title
    const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    if (link && icon) link.href = icon
    showTimes()
    showDurations()
  }

  /** Updates the durations of everything that is running every second. */
  startClock(): void {
    setInterval(showDurations, SECOND)
  }

  #served = ''
}
