import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { getSetting, parseKeyPath, setSetting } from '../../../src/account/change-settings.ts'
import { parseAccount, readAccount } from '../../../src/account/settings.ts'
import { NO_FILES } from '../../../src/config/files.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { settingsKeys } from '../../../src/records/keys.ts'
import { type Bucket, openDirectBucket, putJson, readJson } from '../../support/bucket.ts'
import { makeBuild } from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const [GLOBAL, OWN] = settingsKeys(PROJECT)

let bucket: Bucket
beforeAll(async () => {
  bucket = await openDirectBucket()
})
afterAll(() => bucket.close())
beforeEach(() => Promise.all([bucket.store.remove(GLOBAL), bucket.store.remove(OWN)]))

const set = (key: string, text: string, project: string | null = PROJECT) =>
  setSetting(bucket.store, project, parseKeyPath(key), text)

test.each([
  ['env.PYTHON', '3.10', '3.10'],
  ['env.ID', '123456789012345678', '123456789012345678'],
  ['env.V', '1.0', '1.0'],
  ['branches.main.env.V', '1e3', '1e3'],
  ['stages.main', '{"stage": "dev", "env": {"V": -0}}', { stage: 'dev', env: { V: '-0' } }],
  ['env', '{"V": 1.10}', { V: '1.10' }],
  ['env.TEXT', '007', '007'],
  ['cmd', '1.0', '1.0'],
  ['timeout', '60.0', 60],
])('config set %s %s keeps the text of numbers in variables', async (key, text, expected) => {
  await set(key, text)
  expect(await getSetting(bucket.store, PROJECT, parseKeyPath(key))).toEqual(expected)
})

test('settings that were written by hand keep their numbers when another one changes, and in builds', async () => {
  await putJson(bucket.store, OWN, '{"env": {"PYTHON": 3.10}, "cmd": "make"}')
  await set('timeout', '60')
  expect(await readJson(bucket.store, OWN)).toEqual({ env: { PYTHON: '3.10' }, cmd: 'make', timeout: 60 })
  await putJson(bucket.store, GLOBAL, '{"env": {"NODE": 24.0}}')
  // As a build stores them.
  const { settings } = await readAccount(bucket.store, PROJECT)
  const stored = JSON.parse(JSON.stringify(settings))
  expect(parseAccount(PROJECT, stored).allows('ada/web')).toBe(false)
  const resolved = resolveConfig({ build: makeBuild(), account: stored, base: NO_FILES, head: NO_FILES })
  expect(resolved.config.env).toEqual({ NODE: '24.0', PYTHON: '3.10' })
})

test.each([
  ['env', '{"A": 1, "A": 2}', 'The value is not clear: A is given twice, on line 1.'],
  ['branches["release/*"]', 'true', 'Write "/^release\\\\/.*$/".'],
  ['deployBranches', '["main", "release/*"]', 'Write "/^release\\\\/.*$/".'],
  ['deployBranches', 'main', 'Write "deployBranches": [ "main" ].'],
  ['stages', '["a", "b"]', 'Write "stages": { "main": "production" }.'],
])('config set %s %s is refused, and nothing is written', async (key, text, expected) => {
  await expect(set(key, text)).rejects.toThrow(expected)
  expect(await bucket.store.get(OWN)).toBeNull()
})

test.each([
  [
    'UTF-16',
    Buffer.from('\uFEFF{"cmd": "make"}', 'utf16le'),
    `${OWN} is encoded in UTF-16. Save it as UTF-8.`,
  ],
  [
    'a key given twice',
    Buffer.from('{\n"cmd": "a",\n"cmd": "b"}'),
    `${OWN}: cmd is given twice, on lines 2 and 3.`,
  ],
])('settings in the bucket with %s are named', async (_, bytes, expected) => {
  await bucket.store.put(OWN, bytes, 'application/json')
  await expect(readAccount(bucket.store, PROJECT)).rejects.toThrow(expected)
  await expect(set('timeout', '60')).rejects.toThrow(expected)
})

test('a role that deploys have is refused for a job when it is set, also if the other file has it', async () => {
  const role = 'arn:aws:iam::123456789012:role/deploy'
  await set('deployRole', role, null)
  await expect(set('jobRoles.build', role)).rejects.toThrow(
    'config/gh/ada/web.json: "jobRoles.build" is a role of deploys ("deployRole" in config/global.json)',
  )
  expect(await getSetting(bucket.store, PROJECT, ['jobRoles'])).toBeUndefined()
  await set('jobRoles.build', 'arn:aws:iam::123456789012:role/site')
  expect(await getSetting(bucket.store, PROJECT, ['jobRoles'])).toEqual({
    build: 'arn:aws:iam::123456789012:role/site',
  })
  expect(
    (await readAccount(bucket.store, PROJECT)).accessOf(makeBuild({ trust: 'protected' }), 'build'),
  ).toEqual({
    role: { arn: 'arn:aws:iam::123456789012:role/site', trust: 'protected' },
    token: null,
  })
})
