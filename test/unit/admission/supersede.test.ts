import { expect, test } from 'vitest'
import { cancelSuperseded } from '../../../src/admission/supersede.ts'
import type { Compare } from '../../../src/model/newer.ts'
import { readCancelRequest } from '../../../src/records/cancel-request.ts'
import type { Arrival } from '../../../src/records/counter.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after, endedRun, makeBuild } from '../../support/records.ts'

const commitOf = (letter: string) => letter.repeat(40)
const arrival = (number: number, letter: string, trigger = 'push/master'): Arrival => ({
  number,
  trigger,
  commit: commitOf(letter),
})
/** In git, `a` comes before `b`, and so on; the branch is at this commit. */
const gitAt =
  (head: string, questions: string[] = []): Compare =>
  async (_, base, to) => {
    questions.push(`${base[0]}...${to === 'master' ? 'master' : to[0]}`)
    const [from, until] = [base, to === 'master' ? commitOf(head) : to]
    return from === until ? 'identical' : from < until ? 'ahead' : 'behind'
  }

type Case = { arrivals: Arrival[]; ended?: number[]; compare: Compare; before?: string }

/** Which builds are to be cancelled after this one has arrived, as `number by number`. */
async function supersededBy(build: Arrival, { arrivals, ended = [], compare, before }: Case) {
  const store = openMemoryStore()
  const project = 'gh/ada/web'
  for (const number of ended)
    await store.put(buildKeys({ project, number }).run, JSON.stringify(endedRun()), 'application/json')
  const baseCommit = before === undefined ? null : commitOf(before)
  await cancelSuperseded(makeBuild({ ...build, baseCommit }), arrivals, {
    store,
    compare,
    now: () => after(0),
  })
  const found = await Promise.all(
    arrivals.map(async ({ number }) => {
      const request = await readCancelRequest(store, { project, number })
      return request ? [`${number} by ${request.supersededBy}`] : []
    }),
  )
  return found.flat()
}

test('a build supersedes the running builds of older commits, and of no other branch', async () => {
  const arrivals = [
    arrival(9, 'c'),
    arrival(8, 'b', 'pr/1'),
    arrival(6, 'b'),
    arrival(5, 'b'),
    arrival(4, 'a'),
  ]
  const newest = arrival(9, 'c')
  expect(await supersededBy(newest, { arrivals, ended: [4], compare: gitAt('c') })).toEqual([
    '6 by 9',
    '5 by 9',
  ])
})

test('a build whose webhook arrived late is superseded by the newer commit before it', async () => {
  const arrivals = [arrival(3, 'a'), arrival(2, 'b')]
  expect(await supersededBy(arrival(3, 'a'), { arrivals, compare: gitAt('b') })).toEqual(['3 by 2'])
  expect(await supersededBy(arrival(3, 'a'), { arrivals, ended: [2], compare: gitAt('b') })).toEqual([
    '3 by 2',
  ])
})

test('a branch that was set back supersedes what it was set back from', async () => {
  const arrivals = [arrival(3, 'a'), arrival(2, 'b')]
  expect(await supersededBy(arrival(3, 'a'), { arrivals, compare: gitAt('a') })).toEqual(['2 by 3'])
})

test('GitHub is questions each question once, and nothing about the push after an ended one', async () => {
  const questions: string[] = []
  const arrivals = [arrival(4, 'd'), arrival(3, 'c'), arrival(2, 'b'), arrival(1, 'a')]
  await supersededBy(arrival(4, 'd'), { arrivals, compare: gitAt('d', questions) })
  expect(questions).toEqual(['d...master'])
  const ended = { arrivals: arrivals.slice(0, 2), ended: [3], before: 'c', compare: gitAt('d', questions) }
  expect(await supersededBy(arrival(4, 'd'), ended)).toEqual([])
  expect(questions).toHaveLength(1)
})

test('without an answer from GitHub, nothing is superseded', async () => {
  const arrivals = [arrival(2, 'b'), arrival(1, 'a')]
  const silent: Compare = async () => {
    throw new Error('GitHub is silent')
  }
  await expect(supersededBy(arrival(2, 'b'), { arrivals, compare: silent })).rejects.toThrow('silent')
})
