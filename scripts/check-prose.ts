import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPhrases } from './phrases.ts'

const ROOT = join(import.meta.dirname, '..')
const DOCUMENTS = ['*.md']
const SOURCES = [
  'bin/*.js',
  'src/*.ts',
  'loopback/*.ts',
  'scripts/*.ts',
  'cloudformation/*.yaml',
  'image/*.sh',
]
/** Test data, texts that others have written, and the patterns themselves. */
const EXCLUDED =
  /^(test\/|loopback\/test\/|CHANGELOG\.md$|scripts\/phrases\.ts$|src\/pages\/browser-script\.ts$)/

/** Lists phrases that no native speaker would write: file, line, phrase, and what to write. Exits with 1 if there are any. */
function main(): void {
  const list = (patterns: string[]) =>
    execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...patterns], {
      cwd: ROOT,
      encoding: 'utf8',
    })
      .split('\0')
      .filter(path => path !== '' && !EXCLUDED.test(path))
  let count = 0
  for (const [kind, paths] of [
    ['md', list(DOCUMENTS)],
    ['source', list(SOURCES)],
  ] as const)
    for (const path of paths)
      for (const { line, text, instead } of findPhrases(readFileSync(join(ROOT, path), 'utf8'), kind)) {
        count += 1
        process.stdout.write(`${path}:${line}: "${text}" (write: ${instead})\n`)
      }
  if (count > 0) process.exitCode = 1
}

main()
