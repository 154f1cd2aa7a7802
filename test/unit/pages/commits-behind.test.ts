import { afterEach, expect, test, vi } from 'vitest'
import { type CountCommits, findBehind, rememberCounts } from '../../../src/pages/commits-behind.ts'
import { deploymentOf } from '../../../src/records/deployments.ts'
import { after, makeBuild } from '../../support/records.ts'

afterEach(() => vi.restoreAllMocks())

const ended = { url: null, startedAt: after(0), endedAt: after(60), fence: 1, reason: null, cost: null }
const [OLD, NEW] = ['a'.repeat(40), 'b'.repeat(40)]
const stageAt = (stage: string, commit: string | null) => {
  const done = commit && deploymentOf(makeBuild({ commit }), { ...ended, status: 'succeeded' })
  return { stage, deployed: done || null, latest: done || null, hold: null, isPartial: false }
}
const host = (countCommits: CountCommits) => ({
  ...{ repository: 'ada/web', defaultBranch: 'main', countCommits, githubUrl: 'https://github.com/' },
})

test('only a stage that lacks commits of the branch is behind it', async () => {
  const counts: Record<string, number | null> = { [OLD]: 3, ['c'.repeat(40)]: 0, ['d'.repeat(40)]: null }
  const counted: string[] = []
  const count: CountCommits = async (_, base, head) => {
    counted.push(`${base[0]}..${head[0]}`)
    return counts[base] ?? null
  }
  const stages = ['a', 'b', 'c', 'd'].map(letter => stageAt(letter, letter.repeat(40)))
  const found = await findBehind(
    [...stages, stageAt('empty', null)],
    [
      { branch: 'other', commit: OLD },
      { branch: 'main', commit: NEW },
    ],
    host(count),
  )
  const link = `https://github.com/ada/web/compare/${OLD}...${NEW}`
  expect([...found]).toEqual([['a', { count: 3, branch: 'main', link }]])
  expect(counted).toEqual(['a..b', 'c..b', 'd..b'])
  expect(await findBehind(stages, [], host(count))).toEqual(new Map())
})

/** A counter whose answers the test gives, and the clock that it lives by. */
function openCounter(timeoutMs?: number) {
  let time = 0
  const requests: PromiseWithResolvers<number | null>[] = []
  const request: CountCommits = () => {
    const answer = Promise.withResolvers<number | null>()
    requests.push(answer)
    return answer.promise
  }
  const count = rememberCounts(request, { now: () => new Date(time), ...(timeoutMs && { timeoutMs }) })
  return {
    requests,
    count: (head: string) => count('ada/web', OLD, head),
    pass: (ms: number) => {
      time += ms
    },
  }
}

test('two commits are counted once, also by pages that are opened at the same time', async () => {
  const { requests, count, pass } = openCounter()
  const pages = [count(NEW), count(NEW)]
  requests[0]?.resolve(3)
  expect(await Promise.all(pages)).toEqual([3, 3])
  pass(24 * 3600_000)
  expect([await count(NEW), requests.length]).toEqual([3, 1])
})

test('an answer that comes late is there for the next page', async () => {
  const { requests, count } = openCounter(1)
  expect(await count(NEW)).toBeNull()
  requests[0]?.resolve(2)
  expect([await count(NEW), requests.length]).toEqual([2, 1])
})

test('a refusal is nothing to show, and is not repeated for minutes', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const { requests, count, pass } = openCounter()
  const refused = count(NEW)
  requests[0]?.reject(new Error('rate limit'))
  expect(await refused).toBeNull()
  expect([await count(NEW), requests.length]).toEqual([null, 1])
  pass(6 * 60_000)
  const again = count(NEW)
  requests[1]?.resolve(1)
  expect(await again).toBe(1)
})

test('so many counts are remembered, and not more', async () => {
  const { requests, count } = openCounter()
  for (let head = 0; head <= 500; head++) {
    const counted = count(`${head}`)
    requests[head]?.resolve(head)
    expect(await counted).toBe(head)
  }
  expect([await count('500'), requests.length]).toEqual([500, 501])
  void count('0')
  expect(requests).toHaveLength(502)
})
