import type { FailureInLog, LogRecogniser } from '../log-recogniser.ts'
import { cargoRecogniser } from './cargo.ts'
import { cRecogniser, eslintRecogniser, tscRecogniser } from './compilers.ts'
import { goRecogniser } from './go-test.ts'
import { gradleRecogniser } from './gradle.ts'
import { jestRecogniser } from './jest.ts'
import { type Found, shortLine, type ToolRecogniser } from './log-lines.ts'
import { mavenRecogniser } from './maven.ts'
import { mochaRecogniser } from './mocha.ts'
import { nodeTestRecogniser } from './node-test.ts'
import { phpunitRecogniser } from './phpunit.ts'
import { type Stream, streamsIn } from './prefixes.ts'
import { pytestRecogniser } from './pytest.ts'
import { rspecRecogniser } from './rspec.ts'
import { nodeRecogniser } from './script-crash.ts'
import {
  lastCommandRecogniser,
  makeRecogniser,
  makeRuleRecogniser,
  npmRecogniser,
  shellRecogniser,
} from './shells.ts'
import { tapRecogniser } from './tap.ts'
import { pythonRecogniser, unittestRecogniser } from './unittest.ts'
import { vitestRecogniser } from './vitest.ts'

/** Tests, compilers and linters. If the output of two ends at the same line, the first one counts. */
export const TOOLS: readonly ToolRecogniser[] = [
  jestRecogniser,
  vitestRecogniser,
  mochaRecogniser,
  pytestRecogniser,
  goRecogniser,
  nodeTestRecogniser,
  tapRecogniser,
  unittestRecogniser,
  cargoRecogniser,
  rspecRecogniser,
  phpunitRecogniser,
  mavenRecogniser,
  gradleRecogniser,
  tscRecogniser,
  eslintRecogniser,
  cRecogniser,
]

/** Programs that start others, and errors that no tool reports. Most often they only repeat that something has failed. */
export const STARTERS: readonly ToolRecogniser[] = [
  nodeRecogniser,
  pythonRecogniser,
  npmRecogniser,
  shellRecogniser,
  makeRecogniser,
]

/** Recognises the last failure in a log, of any tool: a command stops at the first tool that fails. */
const lastOf = (name: string, tools: readonly ToolRecogniser[]): LogRecogniser => ({
  name,
  find: lines => withoutEnd(lastFound([{ lines: lines.map(shortLine), ordinals: [] }], tools)),
})

/** The same for logs in which each line has a prefix. */
const lastWithPrefixOf = (name: string, tools: readonly ToolRecogniser[]): LogRecogniser => ({
  name: `${name} with prefixes`,
  find: lines => withoutEnd(lastFound(streamsIn(lines), tools)),
})

/** The failure whose tool's output ends last. `ordinals`: empty if lines keep their own. */
function lastFound(streams: readonly Stream[], tools: readonly ToolRecogniser[]): Found | null {
  let last: Found | null = null
  for (const { lines, ordinals } of streams) {
    for (const { findInShort } of tools) {
      const found = findInShort(lines)
      if (!found) continue
      const end = ordinals[found.end] ?? found.end
      if (last === null || end > last.end)
        last = { ...found, end, shown: found.shown.map(at => ordinals[at] ?? at) }
    }
  }
  return last
}

function withoutEnd(found: Found | null): FailureInLog | null {
  if (!found) return null
  const { end: _end, ...failure } = found
  return failure
}

/** The first one that finds a failure counts: tools before the programs that started them, and make's rules if nothing else is known. */
export const RECOGNISERS: readonly LogRecogniser[] = [
  lastOf('last command', [lastCommandRecogniser]),
  lastOf('tools', TOOLS),
  lastWithPrefixOf('tools', TOOLS),
  lastOf('starters', STARTERS),
  lastWithPrefixOf('starters', STARTERS),
  lastOf('rules of make', [makeRuleRecogniser]),
]
