import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Tools write hooks and excludes into these directories of a working copy. */
const WORKING_COPY_DIRECTORIES = ['hooks', 'info']

/**
 * Writes an empty repository, as `git init` would without its templates. Another process would delay each build by several milliseconds,
 * as would threads for a few small files. https://git-scm.com/docs/gitrepository-layout
 * @param gitDirectory does not exist yet
 * @param origin the remote of a working copy; null for a bare repository
 */
export function createRepository(gitDirectory: string, origin: URL | null): void {
  const inside = (name: string) => join(gitDirectory, name)
  const directories = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags']
  if (origin) directories.push(...WORKING_COPY_DIRECTORIES)
  for (const name of directories) mkdirSync(inside(name), { recursive: true })
  writeFileSync(inside('HEAD'), 'ref: refs/heads/main\n')
  // As git itself does, checks whether the file system ignores case.
  writeFileSync(inside('config'), describeConfig(origin, existsSync(inside('hEAD'))))
}

function describeConfig(origin: URL | null, ignoreCase: boolean): string {
  const core = {
    repositoryformatversion: 0,
    filemode: true,
    bare: origin === null,
    ...(origin && { logallrefupdates: true }),
    ...(ignoreCase && { ignorecase: true }),
    // macOS may store file names in another normal form than git does.
    ...(process.platform === 'darwin' && { precomposeunicode: true }),
  }
  const lines = ['[core]', ...Object.entries(core).map(([key, value]) => `\t${key} = ${value}`)]
  if (origin)
    lines.push(
      '[remote "origin"]',
      `\turl = "${origin.href}"`,
      '\tfetch = +refs/heads/*:refs/remotes/origin/*',
    )
  return `${lines.join('\n')}\n`
}
