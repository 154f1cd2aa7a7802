import type { FailureInLog, LogRecogniser } from '../log-recogniser.ts'
import { goRecogniser } from './go-test.ts'
import { jestRecogniser } from './jest.ts'
import type { Found, ToolRecogniser } from './log-lines.ts'
import { shortLine } from './log-lines.ts'
import { mochaRecogniser } from './mocha.ts'
import { pytestRecogniser } from './pytest.ts'
import { vitestRecogniser } from './vitest.ts'

/** Tests, compilers and linters. Of two that fail at the same line, the first one counts. */
export const TOOLS: readonly ToolRecogniser[] = [
  jestRecogniser,
  vitestRecogniser,
  mochaRecogniser,
  pytestRecogniser,
  goRecogniser,
]

/** The failure that stands last in the log, whichever tool it is: a command stops at the first tool that fails. */
function lastFailure(name: string, tools: readonly ToolRecogniser[]): LogRecogniser {
  return {
    name,
    find: lines => {
      const short = lines.map(shortLine)
      let last: Found | null = null
      for (const { find } of tools) {
        const found = find(short)
        if (found && (last === null || found.end > last.end)) last = found
      }
      return last && withoutEnd(last)
    },
  }
}

const withoutEnd = ({ end: _end, ...failure }: Found): FailureInLog => failure

/** The first one that finds a failure counts. */
export const RECOGNISERS: readonly LogRecogniser[] = [lastFailure('tools', TOOLS)]
