import { expect, test } from 'vitest'
import { type BuildStatus, conclusionSchema, hasEnded, mayFollow } from '../../../src/model/conclusion.ts'
import type { Exit } from '../../../src/model/exit.ts'
import { succeeded } from '../../../src/model/exit.ts'

const CONCLUSIONS = conclusionSchema.options
const ALL: BuildStatus[] = ['queued', 'running', 'deploying', ...CONCLUSIONS]

test.each<[BuildStatus, BuildStatus[]]>([
  ['queued', ['running', 'deploying', ...CONCLUSIONS]],
  ['running', ['deploying', ...CONCLUSIONS]],
  ['deploying', ['passed', 'failed', 'errored', 'cancelled']],
  ...CONCLUSIONS.map((end): [BuildStatus, BuildStatus[]] => [end, []]),
])('%s may be followed only by %j', (from, next) => {
  expect(ALL.filter(to => mayFollow(from, to))).toEqual(next)
})

test('a conclusion is final', () => {
  const reach = (from: BuildStatus): BuildStatus[] => {
    const next = ALL.filter(to => mayFollow(from, to))
    return [...next, ...next.flatMap(reach)]
  }
  for (const end of CONCLUSIONS) expect(reach(end)).toEqual([])
  expect(ALL.filter(hasEnded)).toEqual(CONCLUSIONS)
})

test.each<[Exit, boolean]>([
  [{ kind: 'exited', code: 0 }, true],
  [{ kind: 'exited', code: 1 }, false],
  [{ kind: 'exited', code: 137 }, false],
  [{ kind: 'signalled', signal: 'SIGKILL' }, false],
  [{ kind: 'timed-out', afterMs: 0 }, false],
])('%j is a success: %j', (exit, expected) => {
  expect(succeeded(exit)).toBe(expected)
})
