import type { LogView } from './log-view.ts'

/** Whether the page follows the end of a growing log. A reader who scrolls up pauses this, and resumes it at the end. */
export class Follow {
  readonly #view: LogView
  readonly #button: HTMLButtonElement
  #isFollowing: boolean

  /** @param isFollowing whether it follows at first */
  constructor(view: LogView, button: HTMLButtonElement, isFollowing: boolean) {
    this.#view = view
    this.#button = button
    this.#isFollowing = isFollowing
    button.addEventListener('click', () => this.toggle())
    // A scroll of the view itself is not the reader's.
    addEventListener('scroll', () => {
      if (!view.isWhereScrolled) this.#set(view.isAtEnd)
    })
    view.onJump = () => this.#set(false)
    this.#show()
  }

  get isFollowing(): boolean {
    return this.#isFollowing
  }

  toggle(): void {
    if (!this.#button.hidden) this.#set(!this.#isFollowing)
  }

  resume(): void {
    this.#set(true)
  }

  /** Pauses after the reader has changed the page, unless its end is still in view. */
  pauseUnlessAtEnd(): void {
    if (!this.#view.isAtEnd) this.#set(false)
  }

  /** Stops for good, because there is nothing more to follow. */
  end(): void {
    this.#isFollowing = false
    this.#button.hidden = true
  }

  #set(isFollowing: boolean): void {
    if (this.#isFollowing === isFollowing || this.#button.hidden) return
    this.#isFollowing = isFollowing
    this.#show()
    if (isFollowing) void this.#view.showEnd()
  }

  #show(): void {
    this.#button.textContent = this.#isFollowing ? 'Following' : 'Paused'
    this.#button.setAttribute('aria-pressed', String(this.#isFollowing))
  }
}
