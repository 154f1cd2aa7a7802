import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../src/build/store.ts'
import { Cache } from '../../src/workspace/cache.ts'
import { openSandbox } from '../../src/workspace/sandbox.ts'
import { jobOf } from '../../test/records.ts'
import type { Ground } from './ground.ts'
import { BUCKET, KEYS } from './job.ts'
import { median } from './numbers.ts'

export type CacheRow = { name: string; bareMs: number; cacheMs: number; ratio: number; megabytes: number }

const FILES = 30_000
const FILE_BYTES = 10_000
const ROUNDS = 3

/** 300 MB in 30,000 files, kept and brought back, beside `tar` on the same archive on the local disk. */
export async function benchCache({ directory, s3 }: Ground): Promise<CacheRow[]> {
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  const sandbox = await openSandbox(join(directory, 'cached'))
  const tree = join(sandbox.workspace, 'node_modules')
  makeTree(tree)
  const archive = join(directory, 'archive.tar')
  const bare = join(directory, 'unpacked')
  const tar = (...args: string[]) => timed(() => void execFileSync('tar', args))
  const rounds: { pack: number; save: number; unpack: number; restore: number; megabytes: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const job = jobOf({ project: 'gh/bench/cache', number: round + 1, checkoutBranch: `branch-${round}` })
    const place = { store, job, sandbox, path: process.env.PATH ?? '', deadline: Date.now() + 600_000 }
    const open = () =>
      new Cache({ ...place, signal: new AbortController().signal }, { paths: ['node_modules'], key: [] })
    const pack = await tar('--create', `--file=${archive}`, '--directory', sandbox.workspace, 'node_modules')
    const saving = open()
    // It learns what there is to restore, which is nothing.
    rmSync(join(directory, 'aside'), { recursive: true, force: true })
    await saving.restore()
    let bytes = 0
    const save = await timed(async () => {
      bytes = (await saving.save()) ?? 0
    })
    rmSync(bare, { recursive: true, force: true })
    mkdirSync(bare)
    const unpack = await tar('--extract', `--file=${archive}`, '--directory', bare)
    rmSync(tree, { recursive: true })
    const restore = await timed(async () => {
      const said = await open().restore()
      if (!said.startsWith('Restored')) throw new Error(said)
    })
    rounds.push({ pack, save, unpack, restore, megabytes: bytes / 1e6 })
  }
  store.close()
  const row = (name: string, bareOf: 'pack' | 'unpack', cacheOf: 'save' | 'restore'): CacheRow => ({
    name,
    bareMs: median(rounds.map(round => round[bareOf])),
    cacheMs: median(rounds.map(round => round[cacheOf])),
    ratio: median(rounds.map(round => round[cacheOf] / round[bareOf])),
    megabytes: median(rounds.map(({ megabytes }) => megabytes)),
  })
  return [row('cache, restored', 'unpack', 'restore'), row('cache, saved', 'pack', 'save')]
}

async function timed(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Text that compresses like source code does. */
function makeTree(root: string): void {
  for (let index = 0; index < FILES; index++) {
    const directory = join(root, `package-${index % 600}`)
    if (index < 600) mkdirSync(directory, { recursive: true })
    const words = Array.from({ length: FILE_BYTES / 10 }, (_, word) =>
      ((index * 7919 + word * word * 104_729) % 99_999_989).toString(36),
    )
    writeFileSync(
      join(directory, `file-${index}.js`),
      words.join(' ').padEnd(FILE_BYTES, '.').slice(0, FILE_BYTES),
    )
  }
}
