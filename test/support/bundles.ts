import { createHash } from 'node:crypto'
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, bundleModule, ENTRIES, writeBundle } from '../../scripts/bundle.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const CACHE = join(ROOT, 'node_modules', '.cache', 'lambci-bundles')
const BOOTSTRAP = join(ROOT, 'loopback', 'lambda', 'bootstrap.ts')

/** What the bundles are made of, and where: checkouts that share `node_modules` by a link name things differently. */
function hashOfSources(): string {
  const hash = createHash('sha256').update(ROOT)
  for (const file of [
    ...globSync('{src,loopback/lambda}/**/*.ts', { cwd: ROOT }).toSorted(),
    'scripts/bundle.ts',
    'package-lock.json',
  ])
    hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)))
  return hash.digest('hex').slice(0, 16)
}

/**
 * Bundles the functions for the systems of tests, whose sandboxes load bundles four times as fast as sources. Bundles of the
 * same sources are used again.
 */
export async function setup(): Promise<void> {
  const directory = join(CACHE, hashOfSources())
  if (!existsSync(directory)) {
    await removeOld()
    const unfinished = `${directory}.${process.pid}`
    for (const entry of ENTRIES) await writeBundle(await bundle(entry), join(unfinished, entry))
    await writeBundle(await bundleModule(BOOTSTRAP), join(unfinished, 'bootstrap'))
    await rename(unfinished, directory)
  }
  process.env.LAMBCI_TEST_BUNDLES = directory
  process.env.LAMBCI_TEST_ROOT = await mkdtemp(join(tmpdir(), 'lambci-test-'))
}

const DAY_MS = 86_400_000

/** Removes the bundles of earlier sources, but none that tests may be using at this moment. */
async function removeOld(): Promise<void> {
  const all = existsSync(CACHE) ? readdirSync(CACHE).map(name => join(CACHE, name)) : []
  const old = all.filter(path => Date.now() - statSync(path).mtimeMs > DAY_MS)
  await Promise.all(old.map(path => rm(path, { recursive: true, force: true })))
}

/** The workers have exited; their sandboxes may need a moment to do so. */
export const teardown = (): Promise<void> =>
  rm(process.env.LAMBCI_TEST_ROOT ?? '', { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
