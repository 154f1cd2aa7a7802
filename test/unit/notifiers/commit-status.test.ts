import { expect, test } from 'vitest'
import type { GitHub } from '../../../src/github/client.ts'
import type { BuildStatus } from '../../../src/model/conclusion.ts'
import { commitStatusOf } from '../../../src/notifiers/commit-status/commit-status.ts'
import { commitStatusNotifier } from '../../../src/notifiers/commit-status/notifier.ts'
import type { View } from '../../../src/records/view.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { after, FORKED, newsOf, PULL, unknownToGit, viewWith } from '../../support/records.ts'
import { deployOf } from '../../support/report-world.ts'

const URL = 'https://ci.example.com/gh/ada/web/builds/7'
const viewOfStatus = (status: BuildStatus, change: Partial<View> = {}): View => ({
  ...viewWith(),
  status,
  ...change,
})

test('the status of a build that passed', () => {
  expect(commitStatusOf(viewWith(), URL)).toEqual({
    repository: 'ada/web',
    commit: 'a'.repeat(40),
    state: 'success',
    context: 'lambci/push',
    description: 'Passed in 42 s',
    targetUrl: URL,
  })
})

test.each<[BuildStatus, string | undefined]>([
  ['queued', undefined],
  ['running', 'pending'],
  ['deploying', 'pending'],
  ['passed', 'success'],
  ['failed', 'failure'],
  ['errored', 'error'],
  ['cancelled', 'error'],
  ['skipped', undefined],
])('the status of a %s build is %s', (status, state) => {
  expect(commitStatusOf(viewOfStatus(status), URL)?.state).toBe(state)
})

test.each([
  ['a push', {}, 'lambci/push'],
  ['a pull request', PULL, 'lambci/pr'],
  ['a pull request whose branch is called master', { ...PULL, checkoutBranch: 'master' }, 'lambci/pr'],
  ["a fork's pull request", FORKED, 'lambci/pr'],
  // A merge queue waits for the checks of the pull request.
  [
    'a merge group',
    { event: 'merge_group' as const, checkoutBranch: 'gh-readonly-queue/master/pr-7' },
    'lambci/pr',
  ],
])('%s has its own context', (_, build, context) => {
  const status = commitStatusOf(viewWith({ build }), URL)
  expect([status?.context, status?.repository]).toEqual([context, 'ada/web'])
})

test.each([
  'x'.repeat(500),
  '語'.repeat(500),
  `${'x'.repeat(59)}🎉🎉`,
  '🎉'.repeat(250),
  'a\n\n\tb\u0000\u001b[31mc\u2028d',
  '\ud83d',
  ...HOSTILE,
])('GitHub accepts the description for any reason (%#)', reason => {
  const { description = '' } = commitStatusOf(viewOfStatus('failed', { reason }), URL) ?? {}
  expect(description).toMatch(/^Failed: ./)
  expect([...description].length).toBeLessThanOrEqual(140)
  // A status with 4-byte characters is refused: "description doesn't accept 4-byte Unicode".
  expect(description).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029]|[\u{10000}-\u{10ffff}]/u)
})

type Delivered = Parameters<ReturnType<typeof commitStatusNotifier>['notify']>[2]
const notify = (github: GitHub, view: View, before: Delivered, store = openMemoryStore()) =>
  commitStatusNotifier({ github, leaseHolder: { store, holder: 'one', now: () => after(0) } }).notify(
    newsOf(view, URL),
    {},
    before,
  )
const delivered = (status: BuildStatus, state: string, description: string, error: string | null = null) => ({
  status,
  state,
  description,
  isGone: false,
  accepted: error === null ? state : null,
  error,
})
const RUNNING = delivered('running', 'pending', 'Running')
const PASSED = delivered('passed', 'success', 'Passed in 42 s')

/** A GitHub client that records the statuses it receives and calls `answer` for each. */
function recordingClient(answer: () => void = () => {}) {
  const statuses: string[] = []
  const github: GitHub = {
    compare: unknownToGit,
    setStatus: async ({ state, description }) => {
      statuses.push(`${state}: ${description}`)
      answer()
    },
    countCommits: async () => null,
    findOrCreateDeployment: async () => 1,
    setDeploymentStatus: async () => {},
  }
  return { github, statuses }
}
const refuse = (status?: number) => () => {
  throw Object.assign(new Error('no'), status && { status })
}

test.each<[string, View, Delivered, string[], Delivered]>([
  ['the first status', viewOfStatus('running'), null, ['pending: Running'], RUNNING],
  ['nothing for a queued build', viewOfStatus('queued'), null, [], null],
  ['an end without a pending status before', viewWith(), null, ['success: Passed in 42 s'], PASSED],
  ['an end', viewWith(), RUNNING, ['success: Passed in 42 s'], PASSED],
  ['nothing for the same status again', viewWith(), PASSED, [], PASSED],
  ['nothing for pending after an end', viewOfStatus('running'), PASSED, [], PASSED],
  ['nothing for another end after an end', viewOfStatus('failed'), PASSED, [], PASSED],
  [
    'an end that was refused before',
    viewWith(),
    { ...PASSED, accepted: null, error: 'no' },
    ['success: Passed in 42 s'],
    PASSED,
  ],
  [
    'an end after a refused pending status',
    viewWith(),
    { ...RUNNING, accepted: null, error: 'no' },
    ['success: Passed in 42 s'],
    PASSED,
  ],
  [
    'the end of a deploy',
    viewOfStatus('passed', { deploys: [deployOf('succeeded', { stage: 'dev' })] }),
    delivered('deploying', 'pending', 'Tests passed, deploying to dev'),
    ['success: Passed in 42 s, deployed to dev'],
    delivered('passed', 'success', 'Passed in 42 s, deployed to dev'),
  ],
])('sends %s', async (_, view, before, expected, after) => {
  const { github, statuses } = recordingClient()
  expect(await notify(github, view, before)).toEqual({ delivered: after, again: false })
  expect(statuses).toEqual(expected)
})

const REFUSED = { ...PASSED, accepted: null, error: expect.stringMatching(/^GitHub .*no$/) }

test.each([
  [500, true],
  [401, true],
  [undefined, true],
  [404, true],
  [422, false],
])('a refusal with %j is recorded; it is tried again: %j', async (status, again) => {
  const { github } = recordingClient(refuse(status))
  const result = await notify(github, viewWith(), null)
  expect(result).toEqual({ delivered: REFUSED, again, isStanding: again && status !== 404 })
})

test.each([404, 401, 422, 410])(
  'as long as "running" stands, a refusal with %j is not final',
  async status => {
    const { github } = recordingClient(refuse(status))
    const result = await notify(github, viewWith(), RUNNING)
    expect(result).toEqual({ delivered: { ...REFUSED, accepted: 'pending' }, again: true, isStanding: true })
    // Nor is the next one.
    expect(await notify(github, viewWith(), result.delivered)).toEqual(result)
  },
)

test('a commit that GitHub does not know may only be new: it is tried again', async () => {
  const { github } = recordingClient(refuse(404))
  const first = await notify(github, viewOfStatus('running'), null)
  expect(await notify(github, viewWith(), first.delivered)).toMatchObject({ again: true, isStanding: false })
})
