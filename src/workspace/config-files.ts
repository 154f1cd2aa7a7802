import { readFileAt } from './git.ts'
import type { GitAccess } from './git-environment.ts'
import { readWorkingFile } from './working-file.ts'

/** The texts of a commit's configuration, null where there is no such file; `.lambci.js` is only noticed. */
export type ConfigFiles = { lambciJson: string | null; packageJson: string | null; hasLambciJs: boolean }

/** Those of the checked out commit, or of a working copy. */
export const readConfigFiles = (directory: string) => readAll(name => readWorkingFile(directory, name))

/** Those of another commit that has been fetched. */
export const readConfigFilesAt = (directory: string, commit: string, access: GitAccess) =>
  readAll(name => readFileAt(directory, commit, name, access))

async function readAll(read: (name: string) => Promise<string | null>): Promise<ConfigFiles> {
  const [lambciJson, packageJson] = await Promise.all(['.lambci.json', 'package.json'].map(read))
  // Whatever it is, it is not read.
  const lambciJs = await read('.lambci.js').catch(() => '')
  return { lambciJson: lambciJson ?? null, packageJson: packageJson ?? null, hasLambciJs: lambciJs !== null }
}
