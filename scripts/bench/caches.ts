import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openStore } from '../../src/aws/bucket.ts'
import { Cache } from '../../src/cache/cache.ts'
import { WarmCache } from '../../src/cache/warm-cache.ts'
import { openSandbox } from '../../src/workspace/sandbox.ts'
import { makeBuild } from '../../test/support/records.ts'
import type { BenchServers } from './bench-servers.ts'
import { BUCKET, KEYS } from './job.ts'
import { median, quantile } from './numbers.ts'

export type CacheRow = {
  name: string
  bareMs: number
  cacheMs: number
  slowMs: number
  ratio: number
  megabytes: number
}

type Round = Record<'pack' | 'save' | 'keep' | 'unpack' | 'restore' | 'megabytes', number>

const FILES = 30_000
const FILE_BYTES = 10_000
const ROUNDS = 7

/** Measures saving and restoring 300 MB in 30,000 files, and `tar` with the same files on the local disk. */
export async function benchCache({ directory, s3 }: BenchServers): Promise<CacheRow[]> {
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  const sandbox = await openSandbox(join(directory, 'cached'))
  const warmCache = new WarmCache(sandbox.directory, 1024 * 1024 * 1024)
  const tree = join(sandbox.workspace, 'node_modules')
  const installed = join(directory, 'installed', 'node_modules')
  createTree(installed)
  const archive = join(directory, 'archive.tar')
  const bare = join(directory, 'unpacked')
  const tar = (...args: string[]) => timed(() => void execFileSync('tar', args))
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const build = makeBuild({
      project: 'gh/bench/cache',
      number: round + 1,
      checkoutBranch: `branch-${round}`,
    })
    const context = {
      store,
      build,
      stage: null,
      sandbox,
      warmCache,
      path: process.env.PATH ?? '',
      deadline: Date.now() + 600_000,
      signal: new AbortController().signal,
      redact: String,
    }
    const open = () => new Cache(context, { paths: ['node_modules'], key: [] })
    const restored = (from: string) => restoreFrom(from, open())
    const pack = await tar('--create', `--file=${archive}`, '--directory', dirname(installed), 'node_modules')
    const saving = open()
    // Finds nothing to restore. Then the files are moved into place, as if the command had installed them.
    await saving.restore()
    renameSync(installed, tree)
    let bytes = 0
    const save = await timed(async () => {
      bytes = (await saving.save(0)) ?? 0
      await saving.keep()
    })
    const keep = await timed(() => restored('from the previous build'))
    rmSync(bare, { recursive: true, force: true })
    mkdirSync(bare)
    const unpack = await tar('--extract', `--file=${archive}`, '--directory', bare)
    rmSync(tree, { recursive: true })
    const restore = await timed(() => restored('from the cache'))
    renameSync(tree, installed)
    rounds.push({ pack, save, keep, unpack, restore, megabytes: bytes / 1e6 })
  }
  store.close()
  const row = (name: string, bareOf: keyof Round, cacheOf: keyof Round): CacheRow => ({
    name,
    bareMs: median(rounds.map(round => round[bareOf])),
    cacheMs: median(rounds.map(round => round[cacheOf])),
    slowMs: quantile(
      rounds.map(round => round[cacheOf]),
      0.9,
    ),
    ratio: median(rounds.map(round => round[cacheOf] / round[bareOf])),
    megabytes: median(rounds.map(({ megabytes }) => megabytes)),
  })
  return [
    row('cache, restored', 'unpack', 'restore'),
    row('cache, restored in the same sandbox', 'unpack', 'keep'),
    row('cache, saved', 'pack', 'save'),
  ]
}

async function restoreFrom(from: string, cache: Cache): Promise<void> {
  const lines = (await cache.restore()).join('\n')
  if (!lines.includes(from)) throw new Error(lines)
}

async function timed(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const CORPUS_BYTES = 100_000_000

/** Creates files with text cut from node_modules, so that they compress like real caches. */
function createTree(root: string): void {
  const corpus = readCorpus(join(import.meta.dirname, '..', '..', 'node_modules'))
  for (let index = 0; index < FILES; index++) {
    const directory = join(root, `package-${index % 600}`)
    if (index < 600) mkdirSync(directory, { recursive: true })
    const from = (index * FILE_BYTES) % (corpus.length - FILE_BYTES)
    writeFileSync(join(directory, `file-${index}.js`), corpus.subarray(from, from + FILE_BYTES))
  }
}

function readCorpus(directory: string): Buffer {
  const pieces: Buffer[] = []
  let bytes = 0
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    entry => entry.isFile() && /\.(?:[cm]?[jt]s|json|md|map)$/.test(entry.name),
  )
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).toSorted()) {
    const piece = readFileSync(path)
    pieces.push(piece)
    bytes += piece.length
    if (bytes > CORPUS_BYTES) break
  }
  return Buffer.concat(pieces)
}
