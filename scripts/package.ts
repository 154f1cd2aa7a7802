import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { FUNCTIONS, ROOT } from '../src/cli/installation.ts'
import { bundle, bundleModule, ENTRIES, OPTIONAL, writeBundle } from './bundle.ts'
import { licensesOf } from './licenses.ts'

// Makes the bundles that the package has instead of sources and dependencies, before `npm pack` packs it.

const DIST = join(ROOT, 'dist')
const BOOTSTRAP = join(ROOT, 'loopback', 'lambda', 'bootstrap.ts')

/**
 * Bundles the command line as ES modules, with the local system and the deployment. The part for a command is loaded when the command
 * runs. Not minified, so that a fault's stack can be read.
 */
async function bundleCommandLine(onModules: (paths: readonly string[]) => void): Promise<void> {
  const bundler = await rolldown({
    input: { cli: join(ROOT, 'src', 'cli', 'cli.ts') },
    platform: 'node',
    transform: { target: 'node22' },
    external: OPTIONAL,
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message)
    },
  })
  // All files are in one directory, as deep as those of `src/cli/` (installation.ts).
  const { output } = await bundler.write({
    dir: join(DIST, 'cli'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  })
  await bundler.close()
  for (const file of output) if ('moduleIds' in file) onModules(file.moduleIds)
}

for (const made of [join(DIST, 'cli'), FUNCTIONS]) await rm(made, { recursive: true, force: true })
const modules = new Set<string>()
const onModules = (paths: readonly string[]) => {
  for (const path of paths) modules.add(path)
}
await bundleCommandLine(onModules)
for (const entry of ENTRIES) await writeBundle(await bundle(entry, { onModules }), join(FUNCTIONS, entry))
await writeBundle(await bundleModule(BOOTSTRAP, { onModules }), join(FUNCTIONS, 'bootstrap'))
await writeFile(join(DIST, 'LICENSES.txt'), licensesOf(modules))
