import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAccount, readAccount } from '../../../src/account/settings.ts'
import { DEFAULTS } from '../../../src/config/defaults.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { settingsKeys } from '../../../src/records/keys.ts'
import { type Bucket, openDirectBucket, putJson } from '../../support/bucket.ts'
import { FORKED, makeBuild, PULL } from '../../support/records.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openDirectBucket()
})
afterAll(() => bucket.close())

const PROJECT = 'gh/ada/web'
const [GLOBAL, OWN] = settingsKeys(PROJECT)
async function accountOf(global: unknown, own?: unknown) {
  for (const [key, value] of [
    [GLOBAL, global],
    [OWN, own],
  ] as const) {
    if (value === undefined) await bucket.store.remove(key)
    else await putJson(bucket.store, key, value)
  }
  return readAccount(bucket.store, PROJECT)
}

test.each<[unknown, unknown, boolean]>([
  [undefined, undefined, false],
  [{}, undefined, false],
  [{ allow: [] }, undefined, false],
  [{ allow: ['*'] }, undefined, true],
  [{ allow: ['ada'] }, undefined, true],
  [{ allow: ['Ada/WEB'] }, undefined, true],
  [{ allow: ['ad', 'ada/we', 'web'] }, undefined, false],
  [{ allow: ['other'] }, { allow: ['ada/web'] }, true],
  [{ allow: ['ada'] }, { allow: [] }, false],
])('settings %j and %j allow the repository: %j', async (global, own, allows) => {
  expect((await accountOf(global, own)).allows('ada/web')).toBe(allows)
})

test.each<[unknown, unknown, string[]]>([
  [{}, undefined, ['master', 'main', 'qa', 'staging', 'production']],
  [{ deployBranches: ['live', '/^release-\\d+$/'] }, undefined, ['live', 'release-1']],
  [{ deployBranches: ['live'] }, { deployBranches: [] }, []],
])('with settings %j and %j these branches may deploy: %j', async (global, own, branches) => {
  const { mayDeploy } = await accountOf(global, own)
  const tried = [
    'master',
    'main',
    'qa',
    'staging',
    'production',
    'live',
    'release-1',
    'topic',
    'master2',
    'constructor',
  ]
  expect(tried.filter(mayDeploy)).toEqual(branches)
})

test('the settings of a build are both files, unmerged', async () => {
  const { settings } = await accountOf({ allow: ['ada'], cmd: 'make' }, { cmd: 'make check' })
  expect(settings).toEqual({ global: { allow: ['ada'], cmd: 'make' }, repository: { cmd: 'make check' } })
})

test.each<[unknown, unknown, boolean]>([
  [{}, undefined, true],
  [{ skip: false }, undefined, false],
  [{ skip: false }, { skip: true }, true],
  [{ skip: false }, { cmd: 'make' }, false],
])('settings %j and %j use skip words: %j', async (global, own, expected) => {
  expect((await accountOf(global, own)).usesSkipWords).toBe(expected)
})

test.each<[unknown, unknown, RegExp]>([
  ['{"allow": ', undefined, /^config\/global\.json is not valid JSON/],
  [{ allow: 'ada' }, undefined, /^config\/global\.json: allow/],
  [{}, { colour: 1 }, /^config\/gh\/ada\/web\.json: "colour"/],
])('invalid settings %j and %j are an error that names the file', async (global, own, message) => {
  const failed = accountOf(global, own)
  await expect(failed).rejects.toThrow(UserError)
  await expect(failed).rejects.toThrow(message)
})

const arn = (name: string) => `arn:aws:sns:us-east-1:123456789012:${name}`
const notifies = (name: string) => ({ notifications: { sns: { topicArn: arn(name) } } })
const listed = { ...notifies('own'), topics: [arn('listed')], branches: { live: notifies('live') } }
const build = makeBuild({ settings: { global: listed } })
const live = makeBuild({ settings: { global: listed }, branch: 'live' })
const fork = makeBuild({ ...FORKED, settings: { global: listed } })
/** The notification settings of a build's files, as in its record. */
const notifications = (topicArn: string | null) => ({
  ...DEFAULTS.notifications,
  sns: { topicArn },
})
const bare = makeBuild({ settings: { global: { topics: [arn('listed')] } } })

test.each([
  ["the account's own", build, arn('own'), arn('own')],
  ['one that the account lists', build, arn('listed'), arn('listed')],
  ["another account's", build, arn('stranger'), arn('own')],
  ['hostile text', build, '__proto__', arn('own')],
  ['no topic', build, null, null],
  ['nothing, because it died first', build, undefined, arn('own')],
  ["nothing, on a branch with the account's own rule", live, undefined, arn('live')],
  ["another account's, on such a branch", live, arn('stranger'), arn('live')],
  ["another account's, if the account has none", bare, arn('stranger'), null],
  ['a listed one, if the account has none', bare, arn('listed'), arn('listed')],
  ['nothing, as a pull request', makeBuild({ ...PULL, settings: { global: listed } }), undefined, arn('own')],
  ["the account's own, as a fork", fork, arn('own'), arn('own')],
])('a build that chose %s', (_, subject, chosen, topic) => {
  const account = parseAccount(subject.project, subject.settings)
  const files = chosen === undefined ? null : notifications(chosen)
  expect(account.notifications(subject, files).sns.topicArn).toBe(topic)
})

// The fork's own command can write the record with the choice.
test.each([[arn('listed')], [null]])(
  'a fork can neither choose a topic nor switch notifications off: %s',
  chosen => {
    const account = parseAccount(fork.project, fork.settings)
    expect(account.notifications(fork, notifications(chosen)).sns.topicArn).toBe(arn('own'))
  },
)
