import type { Git } from './git.ts'

const LOG = ['log', '--max-count=50', '--decorate', '--stat']
/** The command of git behind each page, by the part of the path after `/owner/repo/`. They only read. */
const PAGES: readonly (readonly [path: RegExp, command: (...parts: string[]) => string[]])[] = [
  [/^$/, () => [...LOG, 'HEAD', '--']],
  [/^commit\/([0-9a-f]{40})$/, sha => ['show', '--stat', '--patch', sha, '--']],
  [/^compare\/([0-9a-f]{40})\.\.\.([0-9a-f]{40})$/, (from, to) => [...LOG, `${from}..${to}`, '--']],
  [/^tree\/(.+)$/s, branch => [...LOG, `refs/heads/${branch}`, '--']],
  [/^pull\/([1-9]\d{0,8})$/, number => [...LOG, `refs/pull/${number}/head`, '--']],
  [/^blob\/([0-9a-f]{40})\/(.+)$/s, (sha, file) => ['cat-file', 'blob', `${sha}:${file}`]],
]
/** In characters. */
const MOST_TEXT = 500_000

/**
 * The page of a repository as text, for people who follow a link of a build. `path` is the decoded part after `/owner/repo/`. Null if there
 * is no such page.
 */
export async function readTextPage(git: Git, directory: string, path: string): Promise<string | null> {
  for (const [pattern, command] of PAGES) {
    const match = pattern.exec(path)
    if (!match) continue
    const text = await git.text(directory, command(...match.slice(1))).catch(() => null)
    if (text === null || text.length <= MOST_TEXT) return text
    return `${text.slice(0, MOST_TEXT)}\n… The rest is left out.\n`
  }
  return null
}
