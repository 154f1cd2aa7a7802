import { type BuildRef, buildOfKey } from '../../records/keys.ts'
import { readRecords } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { type Records, type View, viewOf } from '../../records/view.ts'

type Listener = (records: Records) => void

/** What is going on in a bucket whose writes are told: who starts, and who has ended and been told of. */
export class BuildWatcher {
  readonly #announced = new Set<string>()
  readonly #waiting = new Map<string, Listener>()
  #onEnd: (view: View) => void = () => {}

  /** Calls back once for every build that ends from now on. */
  onEnd(listener: (view: View) => void): void {
    this.#onEnd = listener
  }

  /** The first build of a commit. */
  buildOf(commit: string): Promise<BuildRef> {
    return new Promise(found => this.#waiting.set(commit, ({ build }) => found(build)))
  }

  /** Takes the key of a record that was just written. */
  async note(store: Store, key: string): Promise<void> {
    const build = buildOfKey(key)
    const records = build && /(job|report)\.json$/.test(key) ? await readRecords(store, build) : null
    if (!build || !records) return
    this.#waiting.get(records.build.commit)?.(records)
    this.#waiting.delete(records.build.commit)
    const name = `${build.project}#${build.number}`
    if (!records.report?.isClosed || this.#announced.has(name)) return
    this.#announced.add(name)
    this.#onEnd(viewOf(records))
  }
}
