import { expect, test } from 'vitest'
import { cancelSuperseded } from '../../../src/admission/supersede.ts'
import type { Compare } from '../../../src/model/newer.ts'
import { readCancelRequest } from '../../../src/records/cancel-request.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import type { Triggered } from '../../../src/records/trigger-record.ts'
import { countedStore } from '../../support/counted-store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after, endedRun, makeBuild } from '../../support/records.ts'

const commitOf = (letter: string) => letter.repeat(40)
const arrival = (number: number, letter: string, isArrival = true): Triggered => ({
  number,
  commit: commitOf(letter),
  isArrival,
})
/** In git, `a` comes before `b`, and so on; the branch is at this commit. */
const gitAt =
  (head: string, questions: string[] = []): Compare =>
  async (_, base, to) => {
    questions.push(`${base[0]}...${to === 'master' ? 'master' : to[0]}`)
    const [from, until] = [base, to === 'master' ? commitOf(head) : to]
    return from === until ? 'identical' : from < until ? 'ahead' : 'behind'
  }

type Case = { builds: Triggered[]; ended?: number[]; compare: Compare; before?: string }

/** Which builds are to be cancelled after this one has arrived, as `number by number`. */
async function supersededBy({ number, commit }: Triggered, { builds, ended = [], compare, before }: Case) {
  const store = openMemoryStore()
  const project = 'gh/ada/web'
  for (const number of ended)
    await store.put(
      jobKeys({ project, number }).record('end'),
      JSON.stringify(endedRun()),
      'application/json',
    )
  const baseCommit = before === undefined ? null : commitOf(before)
  await cancelSuperseded(makeBuild({ number, commit, baseCommit }), builds, {
    store,
    compare,
    now: () => after(0),
  })
  const found = await Promise.all(
    builds.map(async ({ number }) => {
      const request = await readCancelRequest(store, { project, number })
      return request ? [`${number} by ${request.supersededBy}`] : []
    }),
  )
  return found.flat()
}

test('a build supersedes the running builds of older commits, and none that a person asked for', async () => {
  const builds = [arrival(9, 'c'), arrival(8, 'b', false), arrival(6, 'b'), arrival(5, 'b'), arrival(4, 'a')]
  const newest = arrival(9, 'c')
  expect(await supersededBy(newest, { builds, ended: [4], compare: gitAt('c') })).toEqual([
    '6 by 9',
    '5 by 9',
  ])
})

test('a build whose webhook arrived late is superseded by the newer commit before it', async () => {
  const builds = [arrival(3, 'a'), arrival(2, 'b')]
  expect(await supersededBy(arrival(3, 'a'), { builds, compare: gitAt('b') })).toEqual(['3 by 2'])
  expect(await supersededBy(arrival(3, 'a'), { builds, ended: [2], compare: gitAt('b') })).toEqual(['3 by 2'])
})

test('a branch that was set back supersedes what it was set back from', async () => {
  const builds = [arrival(3, 'a'), arrival(2, 'b')]
  expect(await supersededBy(arrival(3, 'a'), { builds, compare: gitAt('a') })).toEqual(['2 by 3'])
})

test('GitHub is asked each question once, and nothing about the push after an ended one', async () => {
  const questions: string[] = []
  const builds = [arrival(4, 'd'), arrival(3, 'c'), arrival(2, 'b'), arrival(1, 'a')]
  await supersededBy(arrival(4, 'd'), { builds, compare: gitAt('d', questions) })
  expect(questions).toEqual(['d...master'])
  const ended = { builds: builds.slice(0, 2), ended: [3], before: 'c', compare: gitAt('d', questions) }
  expect(await supersededBy(arrival(4, 'd'), ended)).toEqual([])
  expect(questions).toHaveLength(1)
})

test('each of the builds before takes one request, and one that was seen to have ended none', async () => {
  const { store, requests } = countedStore(openMemoryStore())
  const endOf = (number: number) => jobKeys({ project: 'gh/ada/web', number }).record('end')
  const builds = [arrival(4, 'd'), arrival(3, 'c'), arrival(2, 'b'), arrival(1, 'a')]
  await store.put(endOf(2), JSON.stringify(endedRun()), 'application/json')
  const supersede = async (number: number, letter: string, running: number) => {
    requests.length = 0
    const build = makeBuild({ number, commit: commitOf(letter) })
    await cancelSuperseded(build, builds.slice(4 - number), {
      store,
      compare: gitAt(letter),
      now: () => after(0),
    })
    expect(await readCancelRequest(store, { project: 'gh/ada/web', number: running })).not.toBeNull()
    return requests.filter(request => request.includes('/jobs/'))
  }
  expect(await supersede(3, 'c', 1)).toEqual([
    `getRange ${endOf(2)}`,
    `getRange ${endOf(1)}`,
    `get ${endOf(1)}`,
  ])
  expect(await supersede(4, 'd', 3)).not.toContain(`getRange ${endOf(2)}`)
})

test('without an answer from GitHub, nothing is superseded', async () => {
  const builds = [arrival(2, 'b'), arrival(1, 'a')]
  const silent: Compare = async () => {
    throw new Error('GitHub is silent')
  }
  await expect(supersededBy(arrival(2, 'b'), { builds, compare: silent })).rejects.toThrow('silent')
})
