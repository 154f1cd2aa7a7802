import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }

/** The directory of this program: a checkout, or the package made from one, where modules are at the same depth. */
export const ROOT = join(import.meta.dirname, '..', '..')

/** Whether it is the package, which holds bundles instead of sources (`scripts/package.ts`). */
export const isPackage = !import.meta.filename.endsWith('.ts')

/** The directory of the package's bundled functions, and of the program that stands in for Lambda's runtime. */
export const FUNCTIONS = join(ROOT, 'dist', 'functions')

export const { version } = manifest
