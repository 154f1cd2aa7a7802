import { GitError } from 'simple-git'
import { type GitAccess, gitEnvironment } from './git-environment.ts'
import { gitError } from './git-error.ts'
import { openGit } from './run-git.ts'

/**
 * The regular files in the index of a working copy, by path: those of the commit, if it has just been checked out. Links are left out.
 * @throws UserError if git fails
 */
export async function listCommitFiles(directory: string, access: GitAccess): Promise<string[]> {
  const git = openGit(directory, gitEnvironment(access))
  const entries = await git.raw('ls-files', '--stage', '-z').catch(error => {
    throw error instanceof GitError ? gitError(`Listing the files in ${directory}`, error.message) : error
  })
  // <mode> <id> <stage>\t<path>
  const files = entries
    .split('\0')
    .flatMap(entry => (entry.startsWith('100') ? entry.slice(entry.indexOf('\t') + 1) : []))
  return [...new Set(files)].toSorted()
}
