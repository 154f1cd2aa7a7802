import { type BuildRef, recordOfKey } from '../../records/keys.ts'
import { readRecords } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { type Records, type View, viewOf } from '../../records/view.ts'

type Listener = (records: Records) => void

/** Follows the builds in a bucket, given the keys of all records that are written to it. */
export class BuildWatcher {
  readonly #ended = new Set<string>()
  readonly #waiting = new Map<string, Listener>()
  #onEnd: (view: View) => void = () => {}

  /** Calls the listener once for every build that ends from now on, after its notifications are delivered. */
  onEnd(listener: (view: View) => void): void {
    this.#onEnd = listener
  }

  /** Resolves to the first build of a commit. */
  buildOf(commit: string): Promise<BuildRef> {
    return new Promise(resolve => this.#waiting.set(commit, ({ build }) => resolve(build)))
  }

  /** Must be called with the key of every record that was written. */
  async onWrite(store: Store, key: string): Promise<void> {
    const build = recordOfKey(key)
    const records =
      build && !build.job && /(build|report)\.json$/.test(key) ? await readRecords(store, build) : null
    if (!build || !records) return
    this.#waiting.get(records.build.commit)?.(records)
    this.#waiting.delete(records.build.commit)
    const name = `${build.project}#${build.number}`
    if (!records.report?.isClosed || this.#ended.has(name)) return
    this.#ended.add(name)
    this.#onEnd(viewOf(records))
  }
}
