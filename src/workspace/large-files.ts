import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type GitAccess, gitEnvironment } from './git-environment.ts'
import { openGit } from './run-git.ts'

/** A larger file is not read. */
const MAX_ATTRIBUTES_BYTES = 1024 * 1024
const ATTRIBUTES = '.gitattributes'

/**
 * A sentence if files of a checked out commit are in Git LFS and git-lfs is not installed. Otherwise null. Starts a process only if the
 * commit has attributes that may name Git LFS.
 */
export async function describeMissingLfs(repository: string, access: GitAccess): Promise<string | null> {
  if (!mayUseLfs(repository) || hasProgram('git-lfs', access.path)) return null
  // The attributes themselves are listed as well, because simple-git waits 50 ms after a command without output.
  const listed = await openGit(repository, gitEnvironment(access))
    .raw('ls-files', '-z', '--', ':(attr:filter=lfs)', `:(glob)**/${ATTRIBUTES}`)
    .catch(() => '')
  const files = listed.split('\0').filter(name => name !== '' && !name.endsWith(ATTRIBUTES))
  if (files.length === 0) return null
  const [are, pointers] =
    files.length === 1
      ? ['1 file of this commit is', 'a pointer instead of its content']
      : [`${files.length} files of this commit are`, 'pointers instead of their content']
  return `${are} in Git LFS, and git-lfs is not installed here: commands see ${pointers} (${JSON.stringify(files[0])}). See "The repository" in docs/configuration.md.`
}

/** Whether the attributes at the top name Git LFS, or there are attributes in directories. */
function mayUseLfs(repository: string): boolean {
  const found = lstatSync(join(repository, ATTRIBUTES), { throwIfNoEntry: false })
  const isReadable = found?.isFile() && found.size <= MAX_ATTRIBUTES_BYTES
  if (isReadable && /^(?!\s*#).*\sfilter=lfs\b/m.test(readFileSync(join(repository, ATTRIBUTES), 'utf8')))
    return true
  // The index contains the path of every file unchanged.
  return readFileSync(join(repository, '.git', 'index')).includes(`/${ATTRIBUTES}\0`)
}

const hasProgram = (name: string, path: string) =>
  path.split(delimiter).some(directory => directory !== '' && existsSync(join(directory, name)))
