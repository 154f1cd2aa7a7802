import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { passVariables } from '../../../loopback/system/account.ts'
import { readKeys } from '../../../loopback/system/keys.ts'
import { removeSecret, setSecret } from '../../../src/account/change-secrets.ts'
import { setSetting } from '../../../src/account/change-settings.ts'
import { writeFirstSettings } from '../../../src/account/setup.ts'
import { readSettings } from '../../../src/config/settings.ts'
import { settingsKeys, variablesKeys } from '../../../src/records/keys.ts'
import type { Store } from '../../../src/records/store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:builds'
const NUMBERS = { env: { PYTHON: '3.10', ID: '123456789012345678', V: '1e3' } }
const BY_HAND = `{
  "allow": ["ada"], "env": {"PYTHON": 3.10, "ID": 123456789012345678, "V": 1e3}, "git": {"depth": 50.0},
  "branches": {"main": {"env": {"GO": 1.20}}}, "stages": {"main": {"stage": "dev", "env": {"V": -0}}}
}`

const [GLOBAL] = settingsKeys('')

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-keys-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function storeWith(key: string, text: string): Promise<Store> {
  const store = openMemoryStore()
  await store.put(key, text, 'application/json')
  return store
}
const textIn = async (store: Store, key: string) => Buffer.from((await store.get(key))?.body ?? []).toString()
const globalIn = async (store: Store) =>
  readSettings('gh/ada/web', { global: await textIn(store, GLOBAL), repository: null }).global

test.each<[string, (store: Store) => Promise<unknown>]>([
  ['lambci setup', store => writeFirstSettings(store, ['ada'], null)],
  ['lambci setup with a topic', store => writeFirstSettings(store, ['ada'], TOPIC)],
  ['lambci config set', store => setSetting(store, null, ['timeout'], '60')],
  ['lambci local', async store => passVariables(store, directory, await readKeys(directory), { A: '1' })],
  ['lambci config unset', store => setSetting(store, null, ['timeout'], null)],
])('%s keeps the text of numbers that were written by hand', async (_, change) => {
  const store = await storeWith(GLOBAL, BY_HAND)
  const before = await globalIn(store)
  await change(store)
  expect(await globalIn(store)).toMatchObject({ ...before })
  expect(before).toMatchObject(NUMBERS)
})

test.each<[string, (store: Store, key: string) => Promise<unknown>]>([
  ['set', store => setSecret(store, { project: null }, { name: 'OTHER', value: 'x' })],
  ['remove', store => removeSecret(store, { project: null }, 'OLD')],
])('lambci secret %s keeps the text of numbers that were written by hand', async (_, change) => {
  const key = variablesKeys('')[0]
  const store = await storeWith(key, '{"PIN": 0.10, "ID": 123456789012345678, "OLD": "x"}')
  await change(store, key)
  expect(JSON.parse(await textIn(store, key))).toMatchObject({ PIN: '0.10', ID: '123456789012345678' })
})

test.each([
  [{}, { topicArn: TOPIC }],
  [{ notifications: { on: 'change' } }, { topicArn: TOPIC }],
  [{ notifications: { sns: { topicArn: `${TOPIC}-2` } } }, { topicArn: `${TOPIC}-2` }],
  [{ notifications: { sns: false } }, false],
])('lambci setup sets the topic unless that is decided: %j', async (settings, expected) => {
  const store = await storeWith(GLOBAL, JSON.stringify(settings))
  await writeFirstSettings(store, ['ada'], TOPIC)
  const { notifications } = JSON.parse(await textIn(store, GLOBAL))
  expect(notifications).toEqual({ ...('notifications' in settings && settings.notifications), sns: expected })
})
