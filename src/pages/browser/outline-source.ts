import type { LogFacts } from '../log-facts.ts'
import { type Fold, foldsOf } from './folds.ts'
import { LineTimes } from './line-times.ts'
import { LiveOutline } from './live-outline.ts'

/** The folds and times of a log: those that its job has recorded or, until then, those that the text shows. */
export class OutlineSource {
  readonly #fetch: () => Promise<LogFacts>
  readonly #liveTimes = new LineTimes()
  #facts: LogFacts
  #recorded: LineTimes | null = null
  readonly live: LiveOutline
  #shown = ''

  private constructor(fetch: () => Promise<LogFacts>, facts: LogFacts) {
    this.#fetch = fetch
    this.#facts = facts
    this.live = new LiveOutline(() => this.startedAt, this.#liveTimes)
    this.#use(facts)
  }

  static async open(fetch: () => Promise<LogFacts>): Promise<OutlineSource> {
    return new OutlineSource(fetch, await fetch())
  }

  /** In ms since 1970; null until the job has started. */
  get startedAt(): number | null {
    return this.#facts.startedAt === null ? null : Date.parse(this.#facts.startedAt)
  }

  get isRecorded(): boolean {
    return this.#facts.outline !== null
  }

  get hasEnded(): boolean {
    return this.#facts.endedAt !== null
  }

  get failureLine(): number | null {
    return this.#facts.failureLine
  }

  get times(): LineTimes {
    return this.#recorded ?? this.#liveTimes
  }

  /** Fetches what is recorded so far. */
  async refresh(): Promise<void> {
    this.#use(await this.#fetch())
  }

  /** The current folds; null if neither they nor the times have changed since the last call. */
  takeFolds(): Fold[] | null {
    const { startedAt, endedAt, hasFailed, failureLine, outline } = this.#facts
    const folds = foldsOf({
      outline: outline ?? this.live.outline,
      hasEnded: this.hasEnded,
      seconds: startedAt && endedAt ? (Date.parse(endedAt) - Date.parse(startedAt)) / 1000 : null,
      ...{ hasFailed, failureLine },
    })
    const shown = JSON.stringify([this.#recorded !== null, folds])
    if (shown === this.#shown) return null
    this.#shown = shown
    return folds
  }

  #use(facts: LogFacts): void {
    this.#facts = facts
    if (facts.outline) this.#recorded = new LineTimes(facts.outline.times)
  }
}
