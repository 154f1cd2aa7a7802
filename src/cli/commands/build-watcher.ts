import type { Build } from '../../model/build.ts'
import { type BuildRef, buildKeys, recordOfKey } from '../../records/keys.ts'
import { readRecords } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import { type Records, type View, viewOf } from '../../records/view.ts'

type Listener = (records: Records) => void

/** Follows the builds in a bucket, given the keys of all records that are written to it. */
export class BuildWatcher {
  readonly #begun = new Set<string>()
  readonly #ended = new Set<string>()
  readonly #waiting = new Map<string, Listener>()
  /** Builds that began before a listener was added. */
  readonly #unlisted: Build[] = []
  #onBegin: (build: Build) => void = build => this.#unlisted.push(build)
  #onEnd: (view: View) => void = () => {}

  /** Calls the listener once for every build but `except` that has begun, or begins from now on. */
  onBegin(listener: (build: Build) => void, except: BuildRef): void {
    this.#onBegin = listener
    for (const build of this.#unlisted.splice(0)) if (nameOf(build) !== nameOf(except)) listener(build)
  }

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
    const name = nameOf(build)
    if (key === buildKeys(build).build && !this.#begun.has(name)) {
      this.#begun.add(name)
      this.#onBegin(records.build)
    }
    if (!records.report?.isClosed || this.#ended.has(name)) return
    this.#ended.add(name)
    this.#onEnd(viewOf(records))
  }
}

const nameOf = ({ project, number }: BuildRef) => `${project}#${number}`
