import { beforeEach, expect, test, vi } from 'vitest'
import { parseAccount } from '../../../src/account/settings.ts'
import type { JsonObject } from '../../../src/config/json.ts'
import { readLockHolder } from '../../../src/deploy/lock.ts'
import { readQueue } from '../../../src/deploy/queue.ts'
import type { Build } from '../../../src/model/build.ts'
import type { CancelRequest } from '../../../src/records/cancel-request.ts'
import { buildKeys, stageKeys } from '../../../src/records/keys.ts'
import { lookAtDeploy } from '../../../src/reporting/look-at-deploy.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { PLANNED_DEPLOY, stateWith } from '../../support/plans.ts'
import { after, makeBuild } from '../../support/records.ts'
import { deployOf, STAGE } from '../../support/report-world.ts'

const BUILD = makeBuild()
const BY_ADA: CancelRequest = { by: 'ada', why: 'by ada', supersededBy: null, at: after(3).toISOString() }
type Known = Partial<Omit<Parameters<typeof lookAtDeploy>[0], 'account'>> & { settings?: JsonObject }

// Report logs what GitHub did not answer.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

/** Looks at the deploy of a build all of whose jobs have passed, and says whether it has left anything at its stage. */
async function look({ settings = {}, ...known }: Known = {}, { holder = 0, isSilent = false } = {}) {
  const store = openMemoryStore()
  const put = (key: string, value: object) => store.put(key, JSON.stringify(value), 'application/json')
  const build = known.build ?? BUILD
  await put(buildKeys(build).build, build)
  const until = after(3600).toISOString()
  if (holder > 0) await put(stageKeys(STAGE).lock, { holder: { build: holder, until }, fence: 4 })
  const account = parseAccount(build.project, { global: { allow: ['ada'], ...settings } })
  const compare = async () => {
    if (isSilent) throw new Error('GitHub is silent')
    return 'identical' as const
  }
  const found = await lookAtDeploy(
    {
      ...{ build, account, planned: PLANNED_DEPLOY, state: stateWith(1), isLost: false },
      ...{ request: null, last: null, ...known },
    },
    { store, compare, now: () => after(60) },
  )
  const isFree = (await readLockHolder(store, STAGE, after(60))) === null
  const waiting = (await readQueue(store, STAGE)).waiting.map(each => each.build)
  return { ...found, isFree, waiting }
}

test('a deploy whose stage is free acquires it, and is started by nothing else than its fence', async () => {
  expect(await look()).toMatchObject({
    ...{ fence: 1, isSilent: false, holder: null, isFree: false, waiting: [] },
    state: { conclusion: null, publications: 0 },
    deploy: { stage: 'production', status: 'running', reason: null },
  })
})

const PINNED = { pinnedStages: { production: { branches: ['release'] } } }
const OWN_ERROR = 'The stage has no name.'
test.each<[string, Known, object, object]>([
  [
    'to a stage that the account reserves for another branch is an error',
    { settings: PINNED },
    { conclusion: 'errored' },
    {
      status: 'failed',
      reason: "The account's settings reserve it for release",
    },
  ],
  [
    'that cannot be done is a failure',
    { planned: { ...PLANNED_DEPLOY, error: OWN_ERROR } },
    { conclusion: 'failed', reason: OWN_ERROR },
    { status: 'failed', reason: OWN_ERROR },
  ],
  [
    'that a person has cancelled is withheld',
    { request: BY_ADA },
    { conclusion: 'cancelled' },
    { status: 'cancelled', reason: 'Cancelled by ada' },
  ],
  [
    'that was cancelled because a job did not pass is withheld',
    { request: { ...BY_ADA, by: 'lambci', why: 'lint did not pass' } },
    { conclusion: 'cancelled' },
    { status: 'cancelled', reason: 'Cancelled: lint did not pass' },
  ],
])('a deploy %s, and leaves its stage alone', async (_, known, state, deploy) => {
  expect(await look(known)).toMatchObject({
    ...{ state: { ...state, publications: 0, endedAt: after(60).toISOString() }, deploy },
    ...{ fence: null, isFree: true, waiting: [] },
  })
})

test.each<[string, Partial<Build>]>([
  ['a whole rebuild', { rebuildOf: 3 }],
  ['a retry of what has failed', { retryOf: 3 }],
])(
  'the deploy of %s is withheld before it waits for anything, whatever else is to be said of it',
  async (_, change) => {
    const build = makeBuild(change)
    for (const known of [{}, { settings: PINNED }, { planned: { ...PLANNED_DEPLOY, error: OWN_ERROR } }])
      expect(await look({ build, ...known })).toMatchObject({
        ...{ fence: null, isFree: true, waiting: [], state: { conclusion: 'skipped', publications: 0 } },
        deploy: { status: 'cancelled', reason: 'A rebuild only tests' },
      })
  },
)

test('a deploy by hand is no rebuild, also if it takes over what has passed elsewhere', async () => {
  const build = makeBuild({ event: 'deploy', target: { stage: 'production', of: 3, by: null }, retryOf: 3 })
  expect(await look({ build })).toMatchObject({ fence: 1, deploy: { status: 'running' } })
})

test('a deploy to a stage that is reserved for its own branch may acquire it', async () => {
  const settings = { pinnedStages: { production: { branches: ['master'] } } }
  expect(await look({ settings })).toMatchObject({ fence: 1, deploy: { status: 'running' } })
})

test('that a newer commit was pushed is decided by git, not by the request', async () => {
  const request = { ...BY_ADA, by: 'lambci', why: 'Superseded by #9', supersededBy: 9 }
  expect(await look({ request })).toMatchObject({ fence: 1, deploy: { status: 'running' } })
})

test('a deploy whose stage is held waits for it, and names the build that holds it', async () => {
  expect(await look({}, { holder: 3 })).toMatchObject({
    ...{ fence: null, holder: 3, isSilent: false, waiting: [7] },
    state: { conclusion: null, publications: 0 },
    deploy: {
      status: 'waiting',
      reason: 'Stage production is being deployed by #3: this deploy comes after it',
    },
  })
})

test('a deploy of which GitHub says nothing waits, and leaves its stage to others', async () => {
  expect(await look({}, { isSilent: true })).toMatchObject({
    ...{ fence: null, isSilent: true, isFree: true, waiting: [7] },
    deploy: { status: 'waiting', reason: 'GitHub has not said yet whether this commit may be deployed' },
  })
})

const STARTED = stateWith(1, { publications: 1 })
test('a deploy whose message is on its way is left to itself, even if it is to be cancelled', async () => {
  const known = { state: STARTED, request: BY_ADA, settings: PINNED }
  expect(await look(known)).toMatchObject({ fence: null, deploy: { status: 'running' }, isFree: true })
})

test('a deploy whose message was lost needs its stage again', async () => {
  const known = { state: STARTED, isLost: true }
  expect(await look(known)).toMatchObject({ fence: 1, deploy: { status: 'running' } })
  expect(await look(known, { holder: 3 })).toMatchObject({ fence: null, holder: 3 })
})

test.each<[string, Known, object]>([
  ['that passed', { state: { ...STARTED, conclusion: 'passed' } }, { status: 'succeeded', reason: null }],
  [
    'that failed',
    { state: { ...STARTED, conclusion: 'failed', reason: 'no', exit: { kind: 'exited', code: 3 } } },
    { status: 'failed', reason: 'no', exit: { kind: 'exited', code: 3 } },
  ],
  [
    'that found another one in its commit',
    { state: { ...STARTED, conclusion: 'errored', reason: 'It is another.' } },
    { status: 'failed', reason: 'It is another.' },
  ],
  [
    'that a person cancelled while it started',
    { state: { ...STARTED, conclusion: 'cancelled', reason: 'by ada' } },
    { status: 'cancelled', reason: 'Cancelled by ada' },
  ],
  [
    'that was withheld, whose words were longer than a job keeps',
    {
      state: stateWith(1, { conclusion: 'skipped', reason: 'Superseded' }),
      last: deployOf('cancelled', { reason: 'Superseded by #9' }),
    },
    deployOf('cancelled', { reason: 'Superseded by #9' }),
  ],
])('a deploy %s has ended, and asks for nothing', async (_, known, deploy) => {
  const found = await look({ last: deployOf('running'), ...known, request: BY_ADA })
  expect(found).toMatchObject({ deploy, fence: null, isFree: true, waiting: [], state: known.state })
})
