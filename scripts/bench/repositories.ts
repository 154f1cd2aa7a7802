import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchServers } from './bench-servers.ts'

/** Repositories to build: one with only a command, and one with the size and history of a real project. */
export const TINY = 'bench/tiny'
export const PROJECT = 'bench/project-of-files'

const FILES = 2794
const FILE_BYTES = 13_000
const COMMITS = 200

const IDENTITY = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com']

/**
 * Pushes a commit that changes the command and one file. The first push of PROJECT includes its history. Returns the
 * commit.
 */
export function pushCommit({ directory, github }: BenchServers, repository: string, command: string): string {
  const at = join(directory, repository.replace('/', '-'))
  const git = (...args: string[]) => execFileSync('git', [...IDENTITY, ...args], { cwd: at })
  if (!existsSync(at)) {
    mkdirSync(at)
    git('init', '--quiet', '--initial-branch=master')
    if (repository === PROJECT) {
      execFileSync('git', ['fast-import', '--quiet'], { cwd: at, input: history() })
      git('reset', '--hard', '--quiet')
    }
  }
  writeFileSync(join(at, '.lambci.json'), JSON.stringify({ cmd: command }))
  writeFileSync(join(at, 'changed.txt'), String(process.hrtime.bigint()))
  git('add', '--all')
  git('commit', '--quiet', '--message', 'A commit')
  git('push', '--quiet', '--force', `${github}/${repository}.git`, 'HEAD:master')
  return git('rev-parse', 'HEAD').toString().trim()
}

/** Input for `git fast-import`: the first commit adds all files, each later one changes some. */
function history(): Buffer {
  const next = pseudoRandom(7)
  const lines: string[] = []
  for (let commit = 0; commit < COMMITS; commit++) {
    const message = `Commit ${commit}`
    lines.push(
      'commit refs/heads/master',
      `committer Bench <bench@example.com> ${1_700_000_000 + commit} +0000`,
    )
    lines.push(`data ${message.length}`, message)
    const changed = commit === 0 ? Array.from({ length: FILES }, (_, index) => index) : someOf(14, next)
    for (const index of changed) {
      const text = textOf(next)
      lines.push(`M 100644 inline src/${index % 60}/file-${index}.txt`, `data ${text.length}`, text)
    }
  }
  return Buffer.from(`${lines.join('\n')}\n`)
}

const someOf = (count: number, next: () => number) =>
  Array.from({ length: count }, () => Math.floor(next() * FILES))

/** Random words, which compress like source code. */
function textOf(next: () => number): string {
  const words: string[] = []
  for (let length = 0; length < FILE_BYTES; length += 9)
    words.push(
      Math.floor(next() * 2 ** 24)
        .toString(36)
        .padStart(8, 'x'),
    )
  return words.join(' ')
}

/** Generates the same numbers in every run. https://en.wikipedia.org/wiki/Linear_congruential_generator */
function pseudoRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
