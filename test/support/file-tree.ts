import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import fc from 'fast-check'

/** A path of bytes, one in each character (latin1). */
const pathOf = (...parts: string[]) => Buffer.from(parts.join('/'), 'latin1')

/** Node reads no larger files at once. */
const MOST_READ_BYTES = 2 ** 31 - 1

/** Everything that can be told about the files below a directory: types, modes, times, contents, links. */
export function describeTree(root: string): string[] {
  const seen = new Map<number, string>()
  const lines: string[] = []
  const visit = (name: string) => {
    const path = pathOf(root, name)
    const stats = lstatSync(path)
    if (stats.isSocket()) return
    const at = JSON.stringify(name)
    if (stats.isSymbolicLink()) return void lines.push(`${at} → ${readlinkSync(path, 'latin1')}`)
    const first = stats.isFile() ? seen.get(stats.ino) : undefined
    if (stats.isFile()) seen.set(stats.ino, name)
    const content =
      stats.isFile() && stats.size <= MOST_READ_BYTES
        ? createHash('md5').update(readFileSync(path)).digest('base64')
        : ''
    lines.push(
      `${at} ${stats.mode.toString(8)} ${stats.mtimeMs} ${stats.isFile() ? stats.size : ''} ${content} ${first ? `= ${first}` : ''}`,
    )
    if (!stats.isDirectory()) return
    for (const each of readdirSync(path, { encoding: 'latin1' }).toSorted()) visit(`${name}/${each}`)
  }
  for (const name of readdirSync(pathOf(root), { encoding: 'latin1' }).toSorted()) visit(name)
  return lines
}

/** Names that are not words: none of them is special to a file system. */
export const NAMES = [
  'a',
  'b',
  'c',
  'new\nline',
  '-dash',
  '*',
  'back\\nslash',
  '\xc3\xa4',
  '\xff\xfe',
  'sp ace',
  "q'",
]

type Change = { what: keyof typeof CHANGES; at: string; other: string; mode: number; text: string }

/** Changes of files as commands make them. One that is impossible in its tree does nothing. */
const CHANGES = {
  write: (path: Buffer, { text }: Change) => writeFileSync(path, text),
  rewrite: (path: Buffer) => writeFileSync(path, readFileSync(path)),
  rewriteWithSameTime: (path: Buffer, { text }: Change) => {
    const { atime, mtime, size } = lstatSync(path)
    writeFileSync(path, text.padEnd(size).slice(0, size))
    utimesSync(path, atime, mtime)
  },
  hole: (path: Buffer) => {
    writeFileSync(path, 'x')
    truncateSync(path, 1_000_000)
  },
  directory: (path: Buffer, { mode }: Change) => mkdirSync(path, mode | 0o500),
  closedDirectory: (path: Buffer, { mode }: Change) => {
    for (const each of ['x', 'x/y'])
      mkdirSync(Buffer.concat([path, Buffer.from(`/${each}`)]), { recursive: true })
    writeFileSync(Buffer.concat([path, Buffer.from('/x/y/file')]), '')
    chmodSync(path, mode & 0o555)
  },
  mode: (path: Buffer, { mode }: Change) => chmodSync(path, mode),
  time: (path: Buffer, { mode }: Change) => utimesSync(path, mode, mode * 1000.5),
  remove: (path: Buffer) => rmSync(path, { recursive: true }),
  fifo: (path: Buffer) => void execFileSync('mkfifo', [path.toString('latin1')], { stdio: 'ignore' }),
  rename: (path: Buffer, { other }: Change, root: string) => renameSync(path, pathOf(root, other)),
  copy: (path: Buffer, { other }: Change, root: string) => copyFileSync(path, pathOf(root, other)),
  link: (path: Buffer, { other }: Change, root: string) => linkSync(path, pathOf(root, other)),
  symlink: (path: Buffer, { other }: Change) => symlinkSync(pathOf(other), path),
}

const isFifo = (path: Buffer) => statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false

const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map(parts => parts.join('/'))
const change: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom(...(Object.keys(CHANGES) as Change['what'][])),
  at: path,
  other: path,
  mode: fc.constantFrom(0o644, 0o755, 0o700, 0o444, 0o600, 0o666, 0o777, 0o555, 0o1755, 0o400),
  text: fc.constantFrom('', '1', '2', 'long', 'word', 'x'.repeat(5000)),
})
export const changes = fc.array(change, { maxLength: 25 })

/** Makes changes below a directory. */
export function applyChanges(root: string, list: readonly Change[]): void {
  for (const each of list) {
    try {
      // Opening one would wait for its other end.
      if ([each.at, each.other].some(name => isFifo(pathOf(root, name)))) continue
      CHANGES[each.what](pathOf(root, each.at), each, root)
    } catch {
      // As with a command that goes on after an error.
    }
  }
}
