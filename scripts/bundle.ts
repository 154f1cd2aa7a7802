import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const ROOT = join(import.meta.dirname, '..')
export const ENTRIES = ['http', 'report', 'run'] as const
export type Entry = (typeof ENTRIES)[number]
/** Optional packages of two dependencies, which work without them. */
export const OPTIONAL = ['@aws-sdk/signature-v4-crt', 'supports-color']
/** The files of a Lambda handler with its dependencies, by name. `index.js` is the entry. */
export type Bundle = Readonly<Record<string, Uint8Array>>

/**
 * Bundles an entry as CommonJS, which starts 60 ms faster: an ES module is compiled as a whole, and its imports of built-in modules touch
 * every export. Dynamic imports become separate files, which are compiled only when needed. Those of built-in modules become `require`,
 * too: `import('node:http')`, as in the SDK, would load `fetch` with all of undici.
 */
export const bundle = (entry: Entry, options: { onModules?: OnModules } = {}): Promise<Bundle> =>
  bundleModule(join(ROOT, 'src', 'functions', `${entry}.ts`), { ...options, dynamicImportInCjs: false })

/** Receives the paths of the modules in a bundle. */
type OnModules = (paths: readonly string[]) => void

/** Bundles a module in the same way. Its own dynamic imports are kept unless `dynamicImportInCjs` is false. */
export async function bundleModule(
  path: string,
  {
    dynamicImportInCjs = true,
    onModules = () => {},
  }: { dynamicImportInCjs?: boolean; onModules?: OnModules } = {},
): Promise<Bundle> {
  const bundler = await rolldown({
    input: { index: path },
    platform: 'node',
    resolve: { mainFields: ['module', 'main'] },
    // The oldest Node of the package, whose local system runs the same bundles as Lambda does with Node 24.
    transform: { target: 'node22' },
    external: OPTIONAL,
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message)
    },
  })
  const { output } = await bundler.generate({
    format: 'cjs',
    dynamicImportInCjs,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    minify: { mangle: true, compress: true, codegen: { removeWhitespace: true } },
    // Errors are distinguished by the names of their classes.
    keepNames: true,
  })
  await bundler.close()
  for (const file of output) if ('moduleIds' in file) onModules(file.moduleIds)
  const files = output.map(file => [file.fileName, Buffer.from('code' in file ? file.code : file.source)])
  // Makes the files CommonJS even below a package.json with "type": "module".
  return { ...Object.fromEntries(files), 'package.json': Buffer.from('{"type":"commonjs"}\n') }
}

/** Writes a bundle into a directory and removes everything else there. */
export async function writeBundle(files: Bundle, directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes)
}

export const sizeOf = (files: Bundle) =>
  Object.values(files).reduce((total, { byteLength }) => total + byteLength, 0)

if (import.meta.main)
  for (const entry of ENTRIES) {
    const files = await bundle(entry)
    await writeBundle(files, join(ROOT, 'dist', entry))
    console.log(
      `dist/${entry}/  ${(sizeOf(files) / 1e6).toFixed(2)} MB in ${Object.keys(files).length} files`,
    )
  }
