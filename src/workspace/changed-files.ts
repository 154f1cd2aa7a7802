import { GitError } from 'simple-git'
import { type GitAccess, gitEnvironment } from './git-environment.ts'
import { openGit } from './run-git.ts'

/** Lists the paths that differ between two commits. Null if the base commit has not been fetched. */
export async function readChangedFiles(
  directory: string,
  [base, commit]: readonly [base: string, commit: string],
  access: GitAccess,
): Promise<string[] | null> {
  const git = openGit(directory, gitEnvironment(access))
  try {
    const names = await git.raw('diff-tree', '-r', '-z', '--name-only', '--no-renames', base, commit)
    return names.split('\0').filter(name => name !== '')
  } catch (error) {
    if (error instanceof GitError) return null
    throw error
  }
}
