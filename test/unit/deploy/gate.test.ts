import { expect, test } from 'vitest'
import { decideGate, type LastTried } from '../../../src/deploy/gate.ts'
import type { Relation } from '../../../src/model/newer.ts'
import { makeBuild, unknownToGit } from '../../support/records.ts'

const build = makeBuild({ number: 9 })
const LATEST: LastTried = { build: 8, of: 8, commit: 'c'.repeat(40) }

test.each<[string, Relation | null, LastTried | null, Relation | null, string]>([
  ['the head of the branch', 'identical', LATEST, null, 'open'],
  ['the head of a branch that was set back', 'identical', LATEST, 'behind', 'open'],
  ['a commit before the head, newer than the last', 'ahead', LATEST, 'ahead', 'open'],
  ['a commit before the head, on an empty stage', 'ahead', null, null, 'open'],
  ['the commit of the last deploy again', 'ahead', { ...LATEST, commit: build.commit }, null, 'open'],
  ['a commit before the last', 'ahead', LATEST, 'behind', 'Superseded by #8'],
  ['a commit beside the last', 'ahead', LATEST, 'diverged', 'Superseded by #8'],
  [
    'a commit that the branch was set back from',
    'behind',
    LATEST,
    null,
    'Commit aaaaaaaaaa is no longer on branch master',
  ],
  ['a commit that was replaced', 'diverged', LATEST, null, 'Commit aaaaaaaaaa is no longer on branch master'],
  ['a commit of a deleted branch', null, LATEST, null, 'Commit aaaaaaaaaa is no longer on branch master'],
])('the gate for %s', async (_, toHead, latest, fromLatest, expected) => {
  const gate = await decideGate(build, latest, async (_repository, base, head) => {
    if (base === head) return 'identical'
    return head === 'master' ? toHead : fromLatest
  })
  expect(gate.isOpen ? 'open' : gate.reason).toBe(expected)
})

test('a person may deploy any commit, and GitHub is not even requested', async () => {
  const byHand = { ...build, target: { stage: 'dev', of: 3, by: null } }
  const silent = () => Promise.reject(new Error('GitHub is silent'))
  for (const latest of [null, LATEST, { ...LATEST, build: 12, of: 2 }])
    expect(await decideGate(byHand, latest, silent)).toEqual({ isOpen: true })
})

test.each<[string, LastTried, string]>([
  ['what was pushed before it', { ...LATEST, build: 10, of: 3 }, 'Superseded by #10'],
  ['even its own commit, pushed before it', { build: 10, of: 9, commit: build.commit }, 'Superseded by #10'],
  ['what was pushed after it', { ...LATEST, of: 3 }, 'open'],
])('after a deploy by hand, the gate for %s', async (_, latest, expected) => {
  const gate = await decideGate(build, latest, async () => 'identical')
  expect(gate.isOpen ? 'open' : gate.reason).toBe(expected)
})

test('the head of a branch is deployed after a later push of an older commit', async () => {
  const gate = await decideGate(build, { ...LATEST, build: 10, of: 10 }, async () => 'identical')
  expect(gate.isOpen).toBe(true)
})

test('a commit that GitHub does not show at all is not taken for one of a deleted branch', async () => {
  await expect(decideGate(build, LATEST, unknownToGit)).rejects.toThrow('the right to read contents')
})

test('without an answer from GitHub there is no decision', async () => {
  const silent = () => Promise.reject(new Error('GitHub is silent'))
  await expect(decideGate(build, LATEST, silent)).rejects.toThrow('silent')
})
