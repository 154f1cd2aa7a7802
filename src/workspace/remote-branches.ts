import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFullRef } from '../model/ref-name.ts'

/**
 * Writes branches of `origin` into a new repository, so that commands find `origin/<branch>`. As packed refs they need
 * no process, and no file for each name. https://git-scm.com/docs/gitrepository-layout
 * @param branches their names and commits, which have been fetched
 */
export function writeRemoteBranches(repository: string, branches: readonly [string, string][]): void {
  const lines = branches
    .map(([name, commit]) => [`refs/remotes/origin/${name}`, commit] as const)
    .filter(([ref]) => isFullRef(ref))
    .map(([ref, commit]) => `${commit} ${ref}\n`)
  writeFileSync(join(repository, '.git', 'packed-refs'), lines.join(''))
}
