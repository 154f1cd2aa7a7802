import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const ROOT = join(import.meta.dirname, '..')
export const ENTRIES = ['http', 'report', 'build'] as const
export type Entry = (typeof ENTRIES)[number]

/**
 * Writes `dist/<entry>/index.cjs`, a Lambda's handler with all that it needs; answers its size in bytes. CommonJS starts
 * 60 ms sooner: an ES module is compiled as a whole, and its imports of built-in modules touch every export of them.
 */
export async function bundle(entry: Entry, directory = join(ROOT, 'dist')): Promise<number> {
  const outfile = join(directory, entry, 'index.cjs')
  await build({
    entryPoints: [join(ROOT, 'src', 'entry', `${entry}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    // Errors are told apart by the names of their classes.
    keepNames: true,
    mainFields: ['module', 'main'],
    // Node shows the line that has thrown, which would be the whole file otherwise.
    lineLimit: 400,
    legalComments: 'none',
    logLevel: 'warning',
  })
  return (await stat(outfile)).size
}

if (import.meta.main)
  for (const entry of ENTRIES)
    console.log(`dist/${entry}/index.cjs  ${((await bundle(entry)) / 1e6).toFixed(2)} MB`)
