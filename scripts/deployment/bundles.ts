import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FUNCTIONS, isPackage, ROOT } from '../../src/cli/installation.ts'
import type { Bundle, Entry } from '../bundle.ts'

export type Bundles = Record<Entry, Bundle>

/** The bundles of the functions: those in the package, or from a checkout's sources. */
export async function makeBundles(): Promise<Bundles> {
  const make = isPackage ? readBundle : await bundler()
  const [http, report, run] = await Promise.all([make('http'), make('report'), make('run')])
  return { http, report, run }
}

async function readBundle(entry: Entry): Promise<Bundle> {
  const directory = join(FUNCTIONS, entry)
  const names = await readdir(directory)
  const files = names.map(async name => [name, await readFile(join(directory, name))] as const)
  return Object.fromEntries(await Promise.all(files))
}

/** Imported by a path that is not followed when the package is made, because the package has no bundler. */
async function bundler(): Promise<(entry: Entry) => Promise<Bundle>> {
  const { href } = pathToFileURL(join(ROOT, 'scripts', 'bundle.ts'))
  const { bundle }: typeof import('../bundle.ts') = await import(href)
  return bundle
}
