import { readFileAt } from './git.ts'
import type { GitAccess } from './git-environment.ts'
import { readWorkingFile } from './working-file.ts'

/** The configuration files of a commit as text; null for a missing file. `.lambci.js` is detected, but not read. */
export type ConfigFiles = { lambciJson: string | null; packageJson: string | null; hasLambciJs: boolean }

/** Reads them from a checked out commit or a working copy. */
export const readConfigFiles = (directory: string) => readAll(name => readWorkingFile(directory, name))

/** Reads them from another commit, which must have been fetched. */
export const readConfigFilesAt = (directory: string, commit: string, access: GitAccess) =>
  readAll(name => readFileAt(directory, commit, name, access))

async function readAll(read: (name: string) => Promise<string | null>): Promise<ConfigFiles> {
  const [lambciJson, packageJson] = await Promise.all(['.lambci.json', 'package.json'].map(read))
  // An unreadable file exists, too.
  const lambciJs = await read('.lambci.js').catch(() => '')
  return { lambciJson: lambciJson ?? null, packageJson: packageJson ?? null, hasLambciJs: lambciJs !== null }
}
