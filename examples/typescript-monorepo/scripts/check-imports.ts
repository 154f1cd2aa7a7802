/** Fails if a package imports another one of the workspace that its package.json does not mention. */
import { readFileSync } from 'node:fs'
import { packages } from './packages.ts'

const names = new Set(packages.map(({ name }) => name))
const errors = packages.flatMap(({ name, dependencies, sources }) =>
  sources.flatMap(path =>
    [...readFileSync(path, 'utf8').matchAll(/\bfrom '([^']+)'/g)]
      .map(([, imported = '']) => imported)
      .filter(imported => names.has(imported) && !dependencies.includes(imported))
      .map(imported => `${path}: ${imported} is not among the dependencies of ${name}`),
  ),
)
for (const error of errors) console.error(error)
console.log(`${packages.length} packages, ${errors.length} errors`)
process.exitCode = errors.length > 0 ? 1 : 0
