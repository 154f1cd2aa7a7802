import { beforeEach, expect, test } from 'vitest'
import {
  describeUnread,
  leftOutKeys,
  listAccountKeys,
  unreadKeys,
} from '../../../src/account/unread-objects.ts'
import { admit } from '../../../src/admission/admit.ts'
import { buildKeys, counterKey, settingsKeys, variablesKeys } from '../../../src/records/keys.ts'
import type { Store } from '../../../src/records/store.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after, grantIssuerOf, makeBuild, unknownToGit } from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const RIGHT = [
  'config/global.json',
  'config/gh/ada/web.json',
  'secrets/env/global.json',
  'secrets/env/gh/ada/web.json',
]

let store: Store
beforeEach(async () => {
  store = openMemoryStore()
  await put('config/global.json', '{"allow":["*"]}')
})
const put = (key: string, text = '{}') => store.put(key, text, 'application/json')

/** The answer to a push to `ada/web`, or to a repository that was renamed to this. */
const push = (change: Parameters<typeof makeBuild>[0] = {}) =>
  admit(
    crypto.randomUUID(),
    { request: makeBuild({ repository: 'Ada/Web', ...change }), isArrival: true },
    {
      store,
      compare: unknownToGit,
      now: () => after(0),
      baseUrl: 'https://ci.example.com',
      linkKey: 'a-key-of-more-than-sixteen-characters',
      grantIssuer: grantIssuerOf(null),
      deadMansSwitch: { set: async () => {}, clear: async () => {} },
      publish: async () => {},
    },
  )

test.each([
  ['config/gh/Ada/Web.json', 'config/gh/ada/web.json'],
  ['config/gh/ada/WEB.json', 'config/gh/ada/web.json'],
  ['config/GH/ada/web.json', 'config/gh/ada/web.json'],
  ['config/gh/ada/web.JSON', 'config/gh/ada/web.json'],
  ['config/gh/ada/web', 'config/gh/ada/web.json'],
  ['config/ada/web.json', 'config/gh/ada/web.json'],
  ['config/github.com/ada/web.json', 'config/gh/ada/web.json'],
  ['config/Global.json', 'config/global.json'],
  ['secrets/env/gh/Ada/Web.json', 'secrets/env/gh/ada/web.json'],
  ['secrets/gh/ada/web.json', 'secrets/env/gh/ada/web.json'],
  ['secrets/env/GLOBAL.json', 'secrets/env/global.json'],
])('nothing is built past %s, which nobody reads', async (key, right) => {
  await put(key)
  expect(await push()).toEqual({
    refused: 'conflict',
    reason: `Ada/Web is not built, because what was set for it would not count. ${key} in the bucket is not read: move it to ${right}, or remove it.`,
  })
  expect(await store.get(buildKeys({ project: PROJECT, number: 1 }).build)).toBeNull()
  await store.remove(key)
  expect(await push()).toMatchObject({ build: { number: 1 } })
})

test('what is read, what is of other repositories, and folders stop nothing', async () => {
  for (const key of RIGHT.slice(1)) await put(key)
  for (const key of [
    'secrets/runner.json',
    'config/gh/ada/web2.json',
    'config/gh/Eve/Web.json',
    'config/gh/ada/web.json.bak',
    'config/gh/Ada/',
    'config/gh/ada/web.json.json',
  ])
    await put(key)
  expect(await push()).toMatchObject({ build: { number: 1 } })
  expect(await push({ project: 'gh/ada/web.json', repository: 'ada/web.json' })).toMatchObject({
    build: { number: 1 },
  })
  expect(unreadKeys(await listAccountKeys(store))).toEqual([
    'config/gh/Eve/Web.json',
    'config/gh/ada/web.json.bak',
  ])
})

test('a renamed repository is not built past what is stored under its new name, unless that is of another one', async () => {
  for (const key of [settingsKeys('gh/ada/site')[1], variablesKeys('gh/ada/site')[1]]) await put(key)
  const renamed = { repository: 'Ada/Site' }
  expect(await push(renamed)).toMatchObject({
    refused: 'conflict',
    reason: expect.stringContaining(
      'config/gh/ada/site.json in the bucket is not read: move it to config/gh/ada/web.json, or remove it. secrets/env/gh/ada/site.json',
    ),
  })
  await put(counterKey('gh/ada/site'), '{"number":1}')
  expect(await push(renamed)).toMatchObject({ build: { project: PROJECT } })
  await put('config/gh/Ada/Site.json')
  expect(await push(renamed)).toMatchObject({ refused: 'conflict' })
})

test('without a repository in mind, the right key is the one in lower case, if that is read', () => {
  expect(describeUnread(['config/gh/Eve/Web.json', 'config/notes.txt'], null)).toBe(
    'config/gh/Eve/Web.json in the bucket is not read: move it to config/gh/eve/web.json, or remove it. config/notes.txt in the bucket is not read: remove it.',
  )
})

test('an account with very many settings is looked through as a whole', async () => {
  const keys = Array.from({ length: 3000 }, (_, index) => `config/gh/ada/r${index}.json`)
  const found = await leftOutKeys(store, [...keys, 'config/gh/ada/WEB.json'], {
    project: PROJECT,
    named: PROJECT,
  })
  expect(found).toEqual(['config/gh/ada/WEB.json'])
})
