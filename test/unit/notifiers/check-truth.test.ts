import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CheckRun } from '../../../src/github/checks.ts'
import type { CommitStatus } from '../../../src/github/client.ts'
import { updateCommitStatus } from '../../../src/notifiers/commit-status/commit-truth.ts'
import { truthOf } from '../../../src/notifiers/commit-status/truth.ts'
import {
  type CommitEntry,
  commitRecordSchema,
  emptyCommitRecord,
} from '../../../src/records/commit-record.ts'
import { buildKeys, commitKey } from '../../../src/records/keys.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after, endedRun, makeBuild, runKey, viewWith } from '../../support/records.ts'

const COMMIT = 'a'.repeat(40)
const entry = (
  number: number,
  state: CommitEntry['state'],
  change: Partial<CommitEntry> = {},
): CommitEntry => ({
  ...{ number, state, description: `${state} ${number}`, targetUrl: `https://ci.example.com/${number}` },
  ...{ context: 'lambci/push', subject: `branch-${number}`, headName: `branch-${number}` },
  ...{ isFork: false, isGone: false },
  ...change,
})

/** A commit on a GitHub that shows statuses and check runs: the newest run of a name, whose annotations only grow. */
function openCommit() {
  const store = openMemoryStore()
  const statuses: string[] = []
  const runs: CheckRun[] = []
  const github = {
    /** The answer to check runs: no permission, or a refusal. */
    answer: null as 'no permission' | Error | null,
    requests: 0,
  }
  const put = async (run: CheckRun, id: number | null): Promise<number | null> => {
    github.requests += 1
    if (github.answer instanceof Error) throw github.answer
    if (github.answer) return null
    const before = id === null ? null : runs[id - 1]
    if (before?.conclusion && before.conclusion !== run.conclusion)
      throw new Error('A completed check run gets another conclusion')
    const annotations = [...(before?.annotations ?? []), ...run.annotations]
    if (id === null) return runs.push(run)
    runs[id - 1] = { ...run, annotations }
    return id
  }
  const context = (holder = 'one') => ({
    github: {
      compare: async () => 'identical' as const,
      setStatus: async ({ context, state }: CommitStatus) => void statuses.push(`${context} ${state}`),
    },
    checks: { checks: { put }, mayRetry: async () => false },
    leaseHolder: { store, holder, now: () => after(0) },
  })
  /** The view of a build that is in this state; one that has ended has failed in a test of this name. */
  const viewOf = ({ number, state }: CommitEntry, trigger: string) => {
    const build = { number, trigger }
    if (state === 'pending')
      return viewWith({ build, run: { phase: 'running', endedAt: null, conclusion: null, exit: null } })
    if (state === 'success') return viewWith({ build })
    const run = { conclusion: 'failed', exit: { kind: 'exited', code: 1 } } as const
    return viewWith({ build, run: { ...run, ...failedIn(`test of ${number}`, number) } })
  }
  const update = (trigger: string, entered: CommitEntry, holder?: string) =>
    updateCommitStatus(viewOf(entered, trigger), entered, context(holder))
  const record = async () => {
    const stored = await store.get(commitKey('gh/ada/web', COMMIT))
    return commitRecordSchema.parse(JSON.parse(Buffer.from(stored?.body ?? '').toString()))
  }
  /** Puts a build on record as this invocation would find it. */
  const recorded = async ({ number }: CommitEntry, trigger: string, name: string) => {
    const build = makeBuild({ number, trigger })
    const run = endedRun({
      nonce: build.nonce,
      conclusion: 'failed',
      exit: { kind: 'exited', code: 1 },
      ...failedIn(name, number),
    })
    await store.put(buildKeys(build).build, JSON.stringify(build), 'application/json')
    await store.put(runKey(build, run), JSON.stringify(run), 'application/json')
  }
  return { store, github, statuses, runs, update, record, recorded, context, viewOf }
}
/** The results of a job whose only test failed. */
const failedIn = (test: string, line: number) => ({
  tests: { passed: 0, failed: 1, errored: 0, skipped: 0, flaky: 0 },
  failure: { source: 'report' as const, test, excerpt: ['no'], file: 'a.js', line, logLine: null },
})
const newest = (runs: readonly CheckRun[], name = 'lambci/push') => runs.findLast(run => run.name === name)

test('a build has one check run, from its start to its end, and no status', async () => {
  const { update, runs, statuses } = openCommit()
  await update('push/a', entry(1, 'pending'))
  expect(runs).toMatchObject([{ conclusion: null, externalId: 'gh/ada/web#1' }])
  await update('push/a', entry(1, 'failure'))
  await update('push/a', entry(1, 'failure'))
  expect(runs).toMatchObject([
    {
      conclusion: 'failure',
      title: 'failure 1',
      annotations: [{ path: 'a.js', line: 1, title: 'test of 1' }],
    },
  ])
  expect(statuses).toEqual([])
})

test('without the permission there are statuses, and still once there is one: never both under one name', async () => {
  const { update, runs, statuses, github } = openCommit()
  github.answer = 'no permission'
  await update('push/a', entry(1, 'pending'))
  github.answer = null
  await update('push/a', entry(1, 'failure'))
  await update('push/b', entry(2, 'success'))
  await update('push/a', entry(3, 'success'))
  expect(runs).toEqual([])
  expect(new Set(statuses)).toEqual(
    new Set(['lambci/push pending', 'lambci/push failure', 'lambci/push success']),
  )
  expect(github.requests).toBe(1)
  // Another name is another choice.
  await update('pr/7', entry(4, 'success', { context: 'lambci/pr' }))
  expect(runs).toMatchObject([{ name: 'lambci/pr' }])
})

test('a commit that had statuses before there were check runs keeps them', async () => {
  const { store, update, runs, statuses } = openCommit()
  const status = { state: 'success', description: 'success 1', targetUrl: 'https://ci.example.com/1' }
  const old = { ...emptyCommitRecord, posted: { 'lambci/push': status } }
  await store.put(commitKey('gh/ada/web', COMMIT), JSON.stringify(old), 'application/json')
  await update('push/a', entry(2, 'failure'))
  expect([runs, statuses]).toEqual([[], ['lambci/push failure']])
})

test('if the permission is taken away, nothing is shown under the same name by a status, and people learn why', async () => {
  const { update, statuses, runs, github } = openCommit()
  await update('push/a', entry(1, 'pending'))
  github.answer = 'no permission'
  await expect(update('push/a', entry(1, 'success'))).rejects.toThrow(
    /give it the permission "Checks: read and write" again/,
  )
  expect(statuses).toEqual([])
  github.answer = null
  await update('push/a', entry(1, 'success'))
  expect(runs).toMatchObject([{ conclusion: 'success' }])
})

test('a rate limit or an outage decides nothing', async () => {
  const { update, statuses, runs, github } = openCommit()
  github.answer = Object.assign(new Error('You have exceeded a secondary rate limit'), { status: 403 })
  await expect(update('push/a', entry(1, 'success'))).rejects.toThrow('rate limit')
  github.answer = null
  await update('push/a', entry(1, 'success'))
  expect([runs.length, statuses]).toEqual([1, []])
})

test('a green check covers no red one, and each has the annotations of its own build alone', async () => {
  const { update, runs, recorded } = openCommit()
  await recorded(entry(1, 'failure'), 'push/a', 'test of 1')
  await update('push/a', entry(1, 'failure'))
  await update('push/b', entry(2, 'success'))
  expect(newest(runs)).toMatchObject({ externalId: 'gh/ada/web#1', conclusion: 'failure' })
  // The later of two that are red is meant, and then the earlier one again.
  await update('push/b', entry(3, 'failure'))
  expect(newest(runs)).toMatchObject({ externalId: 'gh/ada/web#3', annotations: [{ title: 'test of 3' }] })
  await update('push/b', entry(4, 'success'))
  expect(newest(runs)).toMatchObject({
    ...{ externalId: 'gh/ada/web#1', conclusion: 'failure', title: 'branch-1: failure 1' },
    annotations: [{ title: 'test of 1' }],
  })
  await update('push/a', entry(5, 'success'))
  expect(newest(runs)).toMatchObject({ externalId: 'gh/ada/web#5', conclusion: 'success', annotations: [] })
})

test('no check run stays in progress behind another one', async () => {
  const { update, runs } = openCommit()
  await update('push/a', entry(1, 'pending'))
  await update('push/b', entry(2, 'pending'))
  await update('push/b', entry(2, 'failure'))
  await update('push/a', entry(1, 'success'))
  expect(runs).toMatchObject([{ externalId: 'gh/ada/web#2', conclusion: 'failure' }])
})

test('what waits for approval requires an action; once it runs, it has another check run', async () => {
  const { update, runs } = openCommit()
  const pull = { context: 'lambci/pr' }
  await update('pr/7', entry(1, 'pending', { ...pull, isUnstarted: true, description: 'Waits for approval' }))
  expect(runs).toMatchObject([{ conclusion: 'action_required', actions: [] }])
  await update('pr/7', entry(1, 'pending', pull))
  await update('pr/7', entry(1, 'success', pull))
  expect(runs).toMatchObject([{ conclusion: 'action_required' }, { conclusion: 'success' }])
})

test('what was not approved has another check run than what waited', async () => {
  const { update, runs } = openCommit()
  const pull = { context: 'lambci/pr', isUnstarted: true }
  await update('pr/7', entry(1, 'pending', pull))
  await update('pr/7', entry(1, 'error', { ...pull, conclusion: 'cancelled' }))
  expect(runs).toMatchObject([
    { conclusion: 'action_required' },
    { conclusion: 'cancelled', annotations: [] },
  ])
})

test('an end that another invocation has posted, which knew less of the build, gets its details once', async () => {
  const { store, update, runs, context, github, viewOf } = openCommit()
  const [running, ended] = [entry(1, 'pending'), entry(1, 'failure')]
  await update('push/a', running)
  // The entry says that the build has failed. On record it still runs, which is what an invocation for another build finds.
  const build = makeBuild({ number: 1, trigger: 'push/a' })
  await store.put(buildKeys(build).build, JSON.stringify(build), 'application/json')
  const other = viewOf(entry(9, 'success'), 'push/b')
  const record = JSON.parse(
    Buffer.from((await store.get(commitKey('gh/ada/web', COMMIT)))?.body ?? '').toString(),
  )
  const entered = { ...record, entries: { 'push/a': ended } }
  await store.put(commitKey('gh/ada/web', COMMIT), JSON.stringify(entered), 'application/json')
  await updateCommitStatus(other, entry(9, 'success'), context('another'))
  expect(newest(runs)).toMatchObject({ conclusion: 'failure', annotations: [] })
  const requests = github.requests
  await update('push/a', ended)
  await update('push/a', ended)
  expect(newest(runs)).toMatchObject({ conclusion: 'failure', annotations: [{ title: 'test of 1' }] })
  expect(github.requests - requests).toBe(1)
})

test('whatever of a build GitHub rejects, its end is shown', async () => {
  const { github, update, runs, context } = openCommit()
  const invalid = Object.assign(new Error('annotations: is invalid'), { status: 422 })
  const { checks } = context().checks
  const strict = {
    put: async (run: CheckRun, id: number | null) => {
      if (run.annotations.length > 0) throw invalid
      return checks.put(run, id)
    },
  }
  const given = { ...context(), checks: { checks: strict, mayRetry: async () => false } }
  const ended = entry(1, 'failure')
  await updateCommitStatus(
    viewWith({
      build: { number: 1, trigger: 'push/a' },
      run: {
        conclusion: 'failed',
        tests: { passed: 0, failed: 1, errored: 0, skipped: 0, flaky: 0 },
        failure: { source: 'report', test: 'x', excerpt: [], file: 'a', line: 1, logLine: null },
      },
    }),
    ended,
    given,
  )
  expect(runs).toMatchObject([{ conclusion: 'failure', title: 'failure 1', annotations: [] }])
  await update('push/a', ended)
  expect(github.requests).toBe(1)
})

test('whatever builds do, in whatever order, the newest check run is the truth, and nothing else is open', async () => {
  const step = fc.record({
    trigger: fc.constantFrom('push/a', 'push/b', 'push/c'),
    state: fc.constantFrom<CommitEntry['state']>('pending', 'success', 'failure', 'error'),
    isNext: fc.boolean(),
    isRefused: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async steps => {
      const { update, runs, github, record, statuses } = openCommit()
      let number = 1
      for (const { trigger, state, isNext, isRefused } of steps) {
        const standing = runs.length > 0 ? (await record()).entries[trigger] : undefined
        // A build does not go back; another one of the same branch begins anew.
        if (!standing || isNext || standing.state !== 'pending') number += 1
        const entered = entry(
          standing && !isNext && standing.state === 'pending' ? standing.number : number,
          state,
        )
        github.answer = isRefused ? new Error('502') : null
        await update(trigger, entered).catch(() => {})
        github.answer = null
        await update(trigger, entered)
        const truth = truthOf(Object.values((await record()).entries))
        const shown = newest(runs)
        expect(shown).toMatchObject({ title: truth.description, externalId: `gh/ada/web#${truth.number}` })
        expect(shown?.conclusion === 'success').toBe(truth.state === 'success')
        expect(runs.slice(0, -1).every(({ conclusion }) => conclusion !== null)).toBe(true)
      }
      expect(statuses).toEqual([])
    }),
    { numRuns: 50 },
  )
})
