import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../model/user-error.ts'
import type { ReportPaths } from '../planning/report-paths.ts'

/** The most files and directories that are searched. */
const MOST_ENTRIES = 200_000
/** Directories whose files belong to others. They are searched only if a path names them. */
const NOT_SEARCHED = new Set(['node_modules', '.git'])

/** The files that match, relative to the workspace. */
export type FoundReports = {
  /** The reports that the command has written, in the order in which it finished them. */
  written: string[]
  /** The reports that existed before it. */
  old: string[]
  /** Links, pipes, devices, which are never read. */
  irregular: string[]
}

/**
 * Finds reports below a workspace. No link is followed.
 * @param since when the command began, by `momentOnDisk`
 * @throws UserError if there is too much to search
 */
export function findReports(workspace: string, { roots, matches }: ReportPaths, since: bigint): FoundReports {
  const search = new Search(workspace, matches)
  for (const root of roots) search.from(root)
  const isFile = ({ stats }: Candidate) => stats.isFile()
  const files = search.found.filter(isFile)
  const written = files.filter(({ stats }) => stats.mtimeNs >= since)
  const pathsOf = (candidates: readonly Candidate[]) => candidates.map(({ path }) => path)
  return {
    written: pathsOf(written.toSorted(byMoment)),
    old: pathsOf(files.filter(({ stats }) => stats.mtimeNs < since)),
    irregular: pathsOf(search.found.filter(each => !isFile(each))),
  }
}

type Candidate = { path: string; stats: BigIntStats }

const byMoment = (one: Candidate, other: Candidate) =>
  Number(one.stats.mtimeNs - other.stats.mtimeNs) || (one.path < other.path ? -1 : 1)

class Search {
  readonly found: Candidate[] = []
  readonly #workspace: string
  readonly #matches: (path: string) => boolean
  #entries = 0

  constructor(workspace: string, matches: (path: string) => boolean) {
    this.#workspace = workspace
    this.#matches = matches
  }

  /** Searches below a root. Nothing is found behind a directory that is a link. */
  from(root: string): void {
    const parts = root.split('/')
    const parents = parts.slice(0, -1).map((_, at) => parts.slice(0, at + 1).join('/'))
    if (parents.every(parent => this.#stat(parent)?.isDirectory())) this.#visit(root)
  }

  #visit(path: string): void {
    this.#entries += 1
    if (this.#entries > MOST_ENTRIES)
      throw new UserError(
        `"tests" has more than ${MOST_ENTRIES.toLocaleString('en')} files and directories to look through. Begin its paths with the directory that has the reports.`,
      )
    const stats = this.#stat(path)
    if (!stats) return
    if (!stats.isDirectory()) {
      if (this.#matches(path)) this.found.push({ path, stats })
      return
    }
    for (const name of this.#namesIn(path))
      if (!NOT_SEARCHED.has(name)) this.#visit(path === '' ? name : `${path}/${name}`)
  }

  #namesIn(path: string): string[] {
    try {
      return readdirSync(join(this.#workspace, path)).toSorted()
    } catch {
      // Unreadable, or gone.
      return []
    }
  }

  #stat = (path: string) => lstatSync(join(this.#workspace, path), { bigint: true, throwIfNoEntry: false })
}
