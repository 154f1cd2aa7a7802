import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CommitStatus } from '../../../src/github/client.ts'
import type { Relation } from '../../../src/model/newer.ts'
import { updateCommitStatus } from '../../../src/notifiers/commit-status/commit-truth.ts'
import { leaveCommits } from '../../../src/notifiers/commit-status/left-commits.ts'
import { truthOf } from '../../../src/notifiers/commit-status/truth.ts'
import { type CommitEntry, commitRecordSchema } from '../../../src/records/commit-record.ts'
import { commitKey } from '../../../src/records/keys.ts'
import { readRecord } from '../../../src/records/read-record.ts'
import { recordBuild } from '../../../src/records/trigger-record.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after, makeBuild, viewWith } from '../../support/records.ts'
import { runs } from '../../support/runs.ts'

const entry = (
  number: number,
  state: CommitEntry['state'],
  change: Partial<CommitEntry> = {},
): CommitEntry => ({
  number,
  state,
  description: `${state} ${number}`,
  targetUrl: `https://ci.example.com/${number}`,
  context: 'lambci/push',
  subject: `branch-${number}`,
  headName: `branch-${number}`,
  isFork: false,
  isGone: false,
  ...change,
})
const FORK = { isFork: true }
const UNSTARTED = { isUnstarted: true }

test.each<[string, CommitEntry[], number]>([
  ['the only entry', [entry(1, 'success')], 1],
  ['a red one before a green one', [entry(1, 'failure'), entry(2, 'success')], 1],
  ['a red one before a pending one', [entry(1, 'error'), entry(2, 'pending')], 1],
  ['a pending one before a green one', [entry(1, 'pending'), entry(2, 'success')], 1],
  ['the later of two that are red', [entry(3, 'error'), entry(2, 'failure')], 3],
  ["the repository's own before a fork's red one", [entry(1, 'success'), entry(2, 'failure', FORK)], 1],
  ["the repository's own before a fork's green one", [entry(1, 'failure'), entry(2, 'success', FORK)], 1],
  [
    'a result before what waits for approval or was not approved',
    [entry(1, 'success'), entry(2, 'pending', UNSTARTED), entry(3, 'error', UNSTARTED)],
    1,
  ],
  ['what runs before what waits', [entry(1, 'pending'), entry(2, 'pending', UNSTARTED)], 1],
  ['what waits, if nothing has started', [entry(1, 'pending', UNSTARTED)], 1],
  [
    "the repository's own that waits before a fork's green one",
    [entry(1, 'pending', UNSTARTED), entry(2, 'success', FORK)],
    1,
  ],
  ["the worst of forks' own", [entry(1, 'failure', FORK), entry(2, 'success', FORK)], 1],
])('a status says %s', (_, entries, number) => {
  expect(truthOf(entries).number).toBe(number)
  expect(truthOf(entries.toReversed()).number).toBe(number)
})

test('of several, the status names the branch or pull request that it is about', () => {
  expect(truthOf([entry(1, 'failure'), entry(2, 'success')]).description).toBe('branch-1: failure 1')
  expect(truthOf([entry(1, 'failure')]).description).toBe('failure 1')
  const long = entry(1, 'failure', { description: 'x'.repeat(140) })
  expect(truthOf([long, entry(2, 'success')]).description).toHaveLength(140)
})

/** A GitHub that shows statuses, and knows where branches are. */
function openCommit(branches: Record<string, Relation | null> = {}) {
  const store = openMemoryStore()
  const shown = new Map<string, string>()
  const questions: string[] = []
  const sent: string[] = []
  const github = {
    compare: async (_: string, base: string, head: string) => {
      if (base === head) return 'identical' as const
      questions.push(head)
      return branches[head] ?? null
    },
    setStatus: async ({ context, state, description }: CommitStatus) => {
      sent.push(`${context} ${state}`)
      shown.set(context, `${state}: ${description}`)
    },
  }
  const leaseHolder = { store, holder: 'one', now: () => after(0) }
  const context = { github, leaseHolder }
  const update = (trigger: string, entered: CommitEntry, holder = 'one') =>
    updateCommitStatus(viewWith({ build: { trigger, number: entered.number } }), entered, {
      ...context,
      leaseHolder: { ...leaseHolder, holder },
    })
  return { context, update, shown, questions, sent, branches }
}

test('two branches of one commit: green does not cover red, in either order', async () => {
  for (const order of [
    ['failure', 'success'],
    ['success', 'failure'],
  ] as const) {
    const { update, shown } = openCommit({ 'branch-1': 'identical', 'branch-2': 'identical' })
    const [first, second] = order
    await update('push/a', entry(1, 'pending'))
    await update('push/b', entry(2, 'pending'))
    await update('push/a', entry(1, first))
    await update('push/b', entry(2, second))
    expect(shown.get('lambci/push')).toMatch(/^failure: branch-\d: failure/)
  }
})

test('a later build of the same branch replaces an entry; an earlier one does not', async () => {
  const { update, shown } = openCommit()
  await update('push/a', entry(2, 'success'))
  await update('push/a', entry(1, 'failure'))
  expect(shown.get('lambci/push')).toBe('success: success 2')
  await update('push/a', entry(3, 'failure'))
  expect(shown.get('lambci/push')).toBe('failure: failure 3')
})

test('pushes and pull requests have contexts of their own', async () => {
  const { update, shown } = openCommit()
  await update('push/a', entry(1, 'failure'))
  await update('pr/5', entry(2, 'success', { context: 'lambci/pr' }))
  expect([...shown]).toEqual([
    ['lambci/push', 'failure: failure 1'],
    ['lambci/pr', 'success: success 2'],
  ])
})

test('a branch that has moved on, was deleted or whose pull request is closed does not count', async () => {
  for (const relation of ['ahead', 'behind', 'diverged', null] as const) {
    const { update, shown, questions } = openCommit({ 'branch-1': relation, 'branch-2': 'identical' })
    await update('push/a', entry(1, 'failure'))
    await update('push/b', entry(2, 'success'))
    expect(shown.get('lambci/push')).toBe('success: success 2')
    expect(questions).toEqual(['branch-1'])
  }
  const { update, shown, questions } = openCommit({ 'branch-1': 'identical' })
  await update('pr/1', entry(1, 'failure'))
  await update('pr/2', entry(2, 'success'))
  expect(shown.get('lambci/push')).toMatch(/^failure/)
  await update('pr/1', entry(1, 'failure', { isGone: true }))
  expect(shown.get('lambci/push')).toBe('success: success 2')
  expect(questions).toEqual(['branch-1'])
})

test('what was said last of a commit stays, though its branch has moved on', async () => {
  const { update, shown, questions } = openCommit({ 'branch-1': 'ahead' })
  await update('push/a', entry(1, 'pending'))
  await update('push/a', entry(1, 'failure', { isGone: true }))
  expect(shown.get('lambci/push')).toBe('failure: failure 1')
  expect(questions).toEqual([])
})

test('what was never started takes no place of a result, whatever becomes of the pull request with the result', async () => {
  const { context, update, shown, sent, branches } = openCommit({ 'branch-1': 'identical' })
  await update('pr/1', entry(1, 'success'))
  await update('pr/2', entry(2, 'pending', UNSTARTED))
  await update('pr/2', entry(2, 'error', { ...UNSTARTED, isGone: true }))
  branches['branch-1'] = 'ahead'
  await update('pr/1', entry(1, 'success', { isGone: true }))
  await update('pr/3', entry(3, 'pending', UNSTARTED))
  const build = makeBuild({ number: 4, trigger: 'pr/1', commit: 'b'.repeat(40) })
  await recordBuild(context.leaseHolder.store, build, true)
  await leaveCommits({ view: viewWith({ build }), isGone: false }, context)
  expect(sent).toEqual(['lambci/push success'])
  expect(shown.get('lambci/push')).toBe('success: success 1')
  // Once it runs, it counts.
  await update('pr/3', entry(3, 'failure'))
  expect(shown.get('lambci/push')).toMatch('failure 3')
})

test("an own build that was not approved does not stand before a fork's result once its branch is gone", async () => {
  const { update, shown } = openCommit()
  await update('pr/1', entry(1, 'success', FORK))
  await update('pr/2', entry(2, 'pending', UNSTARTED))
  expect(shown.get('lambci/push')).toMatch('pending 2')
  await update('pr/2', entry(2, 'error', { ...UNSTARTED, isGone: true }))
  expect(shown.get('lambci/push')).toBe('success: success 1')
})

test('builds that wait and are not approved set a bounded number of statuses, and none of them stays at "waits"', async () => {
  const { update, shown, sent } = openCommit()
  const cycle = async (number: number) => {
    await update('pr/1', entry(number, 'pending', UNSTARTED))
    await update('pr/1', entry(number, 'error', UNSTARTED))
  }
  for (let number = 1; number <= 50; number++) await cycle(number)
  expect(sent.length).toBeLessThanOrEqual(21)
  expect(shown.get('lambci/push')).toMatch(/^error/)
  // What starts is shown, and no success of it stays for what waits then.
  await update('pr/1', entry(60, 'success'))
  expect(shown.get('lambci/push')).toBe('success: success 60')
  await update('pr/1', entry(61, 'pending', UNSTARTED))
  expect(shown.get('lambci/push')).toBe('pending: pending 61')
})

test('a status is sent only if it changes', async () => {
  const { update, sent } = openCommit()
  await update('push/a', entry(1, 'pending'))
  await update('push/a', entry(1, 'pending'))
  await update('push/a', entry(1, 'success'))
  expect(sent).toEqual(['lambci/push pending', 'lambci/push success'])
})

test('a refused status is thrown, and set by the next attempt', async () => {
  const { context, shown } = openCommit()
  let isRefused = true
  const github = {
    ...context.github,
    setStatus: (status: CommitStatus) =>
      isRefused ? Promise.reject(new Error('401')) : context.github.setStatus(status),
  }
  const view = viewWith({ build: { trigger: 'push/a', number: 1 } })
  const entered = () => updateCommitStatus(view, entry(1, 'success'), { ...context, github })
  await expect(entered()).rejects.toThrow('401')
  isRefused = false
  await entered()
  expect(shown.get('lambci/push')).toBe('success: success 1')
})

test('when a branch moves on, its earlier commit shows what is true without it', async () => {
  const { context, update, shown, branches } = openCommit({
    'branch-1': 'identical',
    'branch-2': 'identical',
  })
  const [earlier, later] = ['a'.repeat(40), 'b'.repeat(40)]
  const build = makeBuild({ number: 1, trigger: 'push/topic', commit: earlier })
  await recordBuild(context.leaseHolder.store, build, true)
  await update('push/topic', entry(1, 'failure'))
  await update('push/master', entry(2, 'success'))
  expect(shown.get('lambci/push')).toMatch(/^failure/)
  const next = makeBuild({ number: 3, trigger: 'push/topic', checkoutBranch: 'topic', commit: later })
  await recordBuild(context.leaseHolder.store, next, true)
  branches.topic = 'identical'
  await leaveCommits({ view: viewWith({ build: next }), isGone: false }, context)
  expect(shown.get('lambci/push')).toBe('success: success 2')
  const record = await readRecord(
    context.leaseHolder.store,
    commitKey('gh/ada/web', earlier),
    commitRecordSchema,
  )
  expect(Object.keys(record?.entries ?? {})).toEqual(['push/master'])
})

test('whatever invocations do at the same time, GitHub shows the worst in the end', async () => {
  const state = fc.constantFrom<CommitEntry['state']>('pending', 'success', 'failure', 'error')
  await fc.assert(
    fc.asyncProperty(fc.array(state, { minLength: 1, maxLength: 5 }), async states => {
      const { update, shown } = openCommit(
        Object.fromEntries(states.map((_, n) => [`branch-${n}`, 'identical'])),
      )
      const entries = states.map((each, number) => entry(number + 1, each, { headName: `branch-${number}` }))
      await Promise.all(entries.map((each, index) => update(`push/${index}`, each, `holder-${index}`)))
      expect(shown.get('lambci/push')).toBe(`${truthOf(entries).state}: ${truthOf(entries).description}`)
    }),
    runs(30),
  )
})
