import { expect, test } from 'vitest'
import type { Exit } from '../../src/build/exit.ts'
import { type BuildStatus, hasEnded, mayFollow, resultSchema, succeeded } from '../../src/build/result.ts'

const ENDINGS = resultSchema.options
const ALL: BuildStatus[] = ['queued', 'running', 'deploying', ...ENDINGS]

test.each<[BuildStatus, BuildStatus[]]>([
  ['queued', ['running', 'deploying', ...ENDINGS]],
  ['running', ['deploying', ...ENDINGS]],
  ['deploying', ['passed']],
  ...ENDINGS.map((ending): [BuildStatus, BuildStatus[]] => [ending, []]),
])('after %s may come %j, and nothing else', (from, next) => {
  expect(ALL.filter(to => mayFollow(from, to))).toEqual(next)
})

test('nothing that is under way follows an ending, whatever came between', () => {
  const reach = (from: BuildStatus): BuildStatus[] => {
    const next = ALL.filter(to => mayFollow(from, to))
    return [...next, ...next.flatMap(reach)]
  }
  for (const ending of ENDINGS) expect(reach(ending)).toEqual([])
  expect(ALL.filter(hasEnded)).toEqual(ENDINGS)
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
