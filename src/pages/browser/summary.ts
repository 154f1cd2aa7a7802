import { fetchSummary } from './server.ts'

const SECOND = 1000

/** The head of the page: the build's facts and status. */
export class Summary {
  /** An ended build never changes. */
  get hasEnded(): boolean {
    return this.#element?.dataset.ended === 'true'
  }

  get isRed(): boolean {
    return this.#element?.dataset.color === 'red'
  }

  get #element(): HTMLElement | null {
    return document.getElementById('summary')
  }

  /** Fetches it from the server again. */
  async refresh(): Promise<void> {
    const fresh = await fetchSummary()
    if (!fresh || fresh.innerHTML === this.#served) return
    this.#served = fresh.innerHTML
    this.#element?.replaceWith(document.adoptNode(fresh))
    this.show()
  }

  /** Sets the page's title and icon, and shows times in the reader's time zone. */
  show(): void {
    const { title = document.title, icon } = this.#element?.dataset ?? {}
    document.title = title
    const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
    if (link && icon) link.href = icon
    for (const time of document.querySelectorAll('time'))
      time.textContent = new Date(time.dateTime).toLocaleString(undefined, {
        dateStyle: 'medium',
        timeStyle: 'medium',
      })
    this.#tick()
  }

  /** Updates the duration of a running build every second. */
  startClock(): void {
    setInterval(() => this.#tick(), SECOND)
  }

  #served = ''

  #tick() {
    const running = document.querySelector<HTMLElement>('[data-since]')
    if (!running?.dataset.since) return
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(running.dataset.since)) / SECOND))
    running.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  }
}
