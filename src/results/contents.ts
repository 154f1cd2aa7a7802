import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs'
import { pathOf, toBytes } from '../cache/tree.ts'
import { artifactPathsSchema } from '../model/artifact.ts'
import { describeBytes } from '../model/describe-bytes.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { UserError } from '../model/user-error.ts'
import type { Limits } from './artifact-context.ts'

/** `name`: relative to the root, with one byte in each character (latin1). `target`: where a link leads. */
export type Entry = { name: string; stats: Stats; target: string | null }

/** Everything that an artifact contains: the paths themselves and what is below them, directories before their contents. */
export type Contents = { entries: Entry[]; files: number; bytes: number }

/** A name in readable form. */
export const show = (name: string) => escapeControls(Buffer.from(name, 'latin1').toString())

/** The declared paths of an artifact, as names. @throws UserError for a path that is not below the workspace */
export function parsePaths(declared: readonly string[], label: string): string[] {
  const parsed = artifactPathsSchema.safeParse(declared.map(path => path.replace(/\/+$/, '')))
  if (parsed.success) return parsed.data
  const list = declared.map(escapeControls).join(', ')
  throw new UserError(`${label}: its paths must be below the repository, and not in ".git": ${list}.`)
}

/** Whether a name is one of these paths or below one of them. */
export const isWithin = (name: string, paths: readonly string[]) =>
  paths.some(path => name === path || name.startsWith(`${path}/`))

/**
 * Where a link leads, relative to the root; null if it leads out. A target that descends before it ascends counts as leading out: the
 * place of `a/..` depends on what `a` is by then.
 */
export function destinationOf(name: string, target: string): string | null {
  if (target.startsWith('/')) return null
  const at = name.split('/').slice(0, -1)
  let hasDescended = false
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (hasDescended || at.length === 0) return null
      at.pop()
    } else {
      at.push(part)
      hasDescended = true
    }
  }
  return at.join('/')
}

/**
 * Reads the files below some paths of a directory. No link is followed out of it.
 * @param paths must exist
 * @param label the subject of errors, such as `Artifact dist`
 * @throws UserError for anything that no artifact may contain
 */
export function readContents(
  root: string,
  paths: readonly string[],
  limits: Limits,
  label: string,
): Contents {
  const reader = new ContentsReader(root, paths.map(toBytes), limits, label)
  return reader.read()
}

class ContentsReader {
  readonly #root: string
  readonly #paths: readonly string[]
  readonly #limits: Limits
  readonly #label: string
  readonly #entries: Entry[] = []
  /** The inodes of files with several names. Each file counts once. */
  readonly #linked = new Set<number>()
  #bytes = 0
  #largest = { name: '', bytes: 0 }

  constructor(root: string, paths: readonly string[], limits: Limits, label: string) {
    this.#root = root
    this.#limits = limits
    this.#label = label
    // A path below another one is part of it.
    this.#paths = [...new Set(paths)].filter((path, _, all) =>
      all.every(each => each === path || !path.startsWith(`${each}/`)),
    )
    for (const path of paths) this.#refuseLinksTo(path)
  }

  read(): Contents {
    for (const path of this.#paths) this.#visit(path)
    const files = this.#entries.filter(({ stats }) => !stats.isDirectory()).length
    return { entries: this.#entries, files, bytes: this.#bytes }
  }

  /** Refuses a link that leads to a declared path, or is one: it would be the content of another path. */
  #refuseLinksTo(path: string): void {
    const parts = path.split('/')
    for (const [index] of parts.entries()) {
      const name = parts.slice(0, index + 1).join('/')
      if (this.#stat(name).isSymbolicLink())
        this.#refuse(`${show(name)} is a link. Declare the path that it leads to`)
    }
  }

  #visit(name: string): void {
    const stats = this.#stat(name)
    this.#add({ name, stats, target: stats.isSymbolicLink() ? this.#readTarget(name) : null })
    if (!stats.isDirectory()) return
    const names = this.#try(name, path => readdirSync(path, { encoding: 'latin1' })).toSorted()
    for (const each of names) this.#visit(`${name}/${each}`)
  }

  #add(entry: Entry): void {
    const { name, stats } = entry
    if (!stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink())
      this.#refuse(`${show(name)} is ${typeOf(stats)}, which no artifact may contain`)
    this.#entries.push(entry)
    const { entries, unpackedBytes } = this.#limits
    if (this.#entries.length > entries)
      this.#refuse(`it has more than ${entries} files and directories. Pack them into one file`)
    if (!stats.isFile() || this.#linked.has(stats.ino)) return
    if (stats.nlink > 1) this.#linked.add(stats.ino)
    this.#bytes += stats.size
    if (stats.size > this.#largest.bytes) this.#largest = { name, bytes: stats.size }
    if (this.#bytes > unpackedBytes)
      this.#refuse(
        `it has more than ${describeBytes(unpackedBytes)}. The largest file so far is ${show(this.#largest.name)} with ${describeBytes(this.#largest.bytes)}`,
      )
  }

  #readTarget(name: string): string {
    const target = this.#try(name, path => readlinkSync(path, 'latin1'))
    const destination = destinationOf(name, target)
    if (destination === null || !isWithin(destination, this.#paths))
      this.#refuse(
        `the link ${show(name)} leads to ${show(target)}, which is not in the artifact. Add that path to it, or leave the link out`,
      )
    return target
  }

  #stat = (name: string): Stats => this.#try(name, path => lstatSync(path))

  #try<T>(name: string, access: (path: Buffer) => T): T {
    try {
      return access(pathOf(this.#root, name))
    } catch (error) {
      this.#refuse(`${show(name)} cannot be read (${(error as NodeJS.ErrnoException).code})`)
    }
  }

  #refuse(reason: string): never {
    throw new UserError(`${this.#label}: ${reason}.`)
  }
}

function typeOf(stats: Stats): string {
  if (stats.isSocket()) return 'a socket'
  return stats.isFIFO() ? 'a named pipe' : 'a device'
}
