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
      deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
      publish: async () => {},
      invokeReport: async () => {},
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
  ['secrets/env/gh/Ada/Web/qa.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/gh/ada/web/QA.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/gh/ada/web/qa', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/gh/ada/web/qa.JSON', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/gh/ada/web/stages/qa.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/gh/ada/web/stage/QA.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/gh/ada/web/*.json', 'secrets/env/gh/ada/web/_all.json'],
  ['secrets/env/gh/ada/web/_ALL.json', 'secrets/env/gh/ada/web/_all.json'],
  ['secrets/env/gh/ada/web/stages/*.json', 'secrets/env/gh/ada/web/_all.json'],
  ['secrets/gh/ada/web/qa.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/ada/web/qa.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/ada/web/stages/qa.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/github.com/ada/web/qa.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/envs/gh/ada/web/qa.json', 'secrets/env/gh/ada/web/qa.json'],
  ['secrets/env/elsewhere/ada/web.json', 'secrets/env/gh/ada/web.json'],
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

test.each(['secrets/env/gh/ada/web/my_stage.json', 'secrets/env/gh/ada/web/qa/keys.json'])(
  'nothing is built past %s, which no stage can have',
  async key => {
    await put(key)
    expect(await push()).toEqual({
      refused: 'conflict',
      reason: `Ada/Web is not built, because what was set for it would not count. ${key} in the bucket is not read: remove it.`,
    })
  },
)

test('what is read, what is of other repositories, and folders stop nothing', async () => {
  for (const key of RIGHT.slice(1)) await put(key)
  for (const key of [
    'secrets/runner.json',
    'config/gh/ada/web2.json',
    'config/gh/Eve/Web.json',
    'config/gh/ada/web.json.bak',
    'config/gh/Ada/',
    'config/gh/ada/web.json.json',
    'secrets/env/gh/ada/web/qa.json',
    'secrets/env/gh/ada/web/_all.json',
    'secrets/env/gh/ada/web/',
    'secrets/env/gh/ada/web/qa.json.bak',
    'secrets/env/gh/ada/web/README.md',
    'secrets/env/gh/Eve/Web/qa.json',
    'secrets/env/gh/eve/ada/Web.json',
  ])
    await put(key)
  expect(await push()).toMatchObject({ build: { number: 1 } })
  expect(await push({ project: 'gh/ada/web.json', repository: 'ada/web.json' })).toMatchObject({
    build: { number: 1 },
  })
  expect(unreadKeys(await listAccountKeys(store))).toEqual([
    'config/gh/Eve/Web.json',
    'config/gh/ada/web.json.bak',
    'secrets/env/gh/Eve/Web/qa.json',
    'secrets/env/gh/ada/web/README.md',
    'secrets/env/gh/ada/web/qa.json.bak',
    'secrets/env/gh/eve/ada/Web.json',
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

test('secrets of stages under the new name of a renamed repository stop its builds, too', async () => {
  await put('secrets/env/gh/ada/site/qa.json')
  const renamed = { repository: 'Ada/Site' }
  expect(await push(renamed)).toMatchObject({
    refused: 'conflict',
    reason: expect.stringContaining(
      'secrets/env/gh/ada/site/qa.json in the bucket is not read: move it to secrets/env/gh/ada/web/qa.json, or remove it.',
    ),
  })
  await put(counterKey('gh/ada/site'), '{"number":1}')
  expect(await push(renamed)).toMatchObject({ build: { project: PROJECT } })
})

test('an owner that is called like a host, and repositories that are called like folders, are none', async () => {
  for (const key of ['secrets/env/gh/Eve/Web.json', 'secrets/env/gh/Eve/Site/stages/qa.json']) await put(key)
  for (const repository of ['gh/eve', 'stages/qa', 'site/stages', 'eve/site2'])
    expect([
      repository,
      await push({ project: `gh/${repository}`, repository, cloneRepository: repository }),
    ]).toMatchObject([repository, { build: { number: 1 } }])
})

test('without a repository in mind, the right key is the one in lower case, if that is read', () => {
  expect(describeUnread(['config/gh/Eve/Web.json', 'config/notes.txt'], null)).toBe(
    'config/gh/Eve/Web.json in the bucket is not read: move it to config/gh/eve/web.json, or remove it. config/notes.txt in the bucket is not read: remove it.',
  )
  expect(describeUnread(['secrets/env/gh/Eve/Web/stages/QA.json'], null)).toContain(
    'move it to secrets/env/gh/eve/web/qa.json, or',
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
