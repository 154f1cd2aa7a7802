import { lstatSync, realpathSync } from 'node:fs'
import { isAbsolute, join, normalize, posix, relative } from 'node:path'
import { boundSeconds, type FileSeconds } from '../model/split.ts'
import type { ReportedTime } from './test-report-format.ts'

/** A longer name in a report is not the path of a test file. */
const MOST_NAME = 1000

/** The endings of files that tools call by a dotted name: `tests.test_cart.TestCart` is in `tests/test_cart.py`. */
const DOTTED = '.py'

/**
 * The files that divide a job and are named in reports, and the seconds of their tests. A path in a report is relative to the workspace,
 * or to a directory around the report. Only paths in the list are found, whatever a report contains.
 */
export class ReportedFiles {
  readonly #workspace: string
  readonly #roots: readonly string[]
  readonly #position: ReadonlyMap<string, number>
  readonly #seconds = new Map<number, number>()
  /** By the directory of the report and the name in it. */
  readonly #known = new Map<string, number | null>()

  /** @param files relative to the workspace */
  constructor(workspace: string, files: readonly string[]) {
    this.#workspace = workspace
    this.#roots = [workspace, realpathSync(workspace)]
    this.#position = new Map(files.map((file, at) => [file, at]))
  }

  /** @param report its path within the workspace */
  add({ places, seconds }: ReportedTime, report: string): void {
    for (const place of places) {
      const at = this.#find(place, posix.dirname(report))
      if (at === null) continue
      this.#seconds.set(at, (this.#seconds.get(at) ?? 0) + seconds)
      return
    }
  }

  /** By the position of the file in the list. */
  get seconds(): ReadonlyMap<number, number> {
    return this.#seconds
  }

  #find(written: string, directory: string): number | null {
    const key = `${directory}\n${written}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const candidates = [written, ...dottedPaths(written)]
    const [found] = candidates.flatMap(path => this.#resolve(path, directory) ?? [])
    const at = found === undefined ? null : (this.#position.get(found) ?? null)
    this.#known.set(key, at)
    return at
  }

  /** The path within the workspace of the file that a report in this directory names like this; null if there is none. */
  #resolve(written: string, directory: string): string | null {
    const name = written.replace(/^file:\/\//, '')
    if (name === '' || name.length > MOST_NAME || /[\0\n]/.test(name)) return null
    if (isAbsolute(name)) {
      // Tools may know the workspace by its real path.
      const paths = this.#roots.map(root => relative(root, normalize(name)))
      return paths.find(path => this.#position.has(path)) ?? null
    }
    return (
      basesOf(directory)
        .map(base => posix.normalize(posix.join(base, name)))
        .find(path => !path.startsWith('..') && this.#isFile(path)) ?? null
    )
  }

  #isFile = (path: string) => {
    try {
      return lstatSync(join(this.#workspace, path)).isFile()
    } catch {
      return false
    }
  }
}

/** More than packages have. */
const MOST_PARTS = 50

/** A directory and its parents, up to the workspace. */
function basesOf(directory: string): string[] {
  const parts = directory === '.' ? [] : directory.split('/')
  return [...parts.map((_, at) => parts.slice(0, parts.length - at).join('/')), '.']
}

/** `tests.test_cart.TestCart`: `tests/test_cart/TestCart.py`, `tests/test_cart.py` and `tests.py`. */
function dottedPaths(written: string): string[] {
  const parts = written.split('.')
  if (parts.length > MOST_PARTS || /[/\\\s]/.test(written) || parts.includes('')) return []
  return parts.map((_, at) => `${parts.slice(0, parts.length - at).join('/')}${DOTTED}`)
}

/** The room for them in `tests.json`, in bytes as JSON. */
const LIST_BYTES = 768 * 1024

/** The seconds of files, as recorded. Paths with a secret in them, and those for which there is no room, are left out. */
export function listSeconds(
  files: readonly string[],
  seconds: ReadonlyMap<number, number>,
  redact: (text: string) => string,
): FileSeconds[] {
  const listed: FileSeconds[] = []
  let left = LIST_BYTES
  for (const [at, taken] of seconds) {
    const path = files[at] ?? ''
    const entry = { path, seconds: boundSeconds(taken) }
    left -= Buffer.byteLength(JSON.stringify(entry)) + 1
    if (left >= 0 && redact(path) === path) listed.push(entry)
  }
  return listed
}
