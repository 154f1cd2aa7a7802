import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBuild, parseBuildRef } from '../../../src/pages/access.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { buildPath, keyOfPath } from '../../../src/records/links.ts'
import { updateNamed } from '../../../src/records/repository-records.ts'
import { type Bucket, openBucket, putJson } from '../../support/bucket.ts'
import { makeBuild } from '../../support/records.ts'

const LINK_KEY = 'a-link-key-of-these-tests'
let bucket: Bucket
beforeAll(async () => {
  bucket = await openBucket()
  for (const build of [
    makeBuild({ number: 1 }),
    makeBuild({ number: 2, isPrivate: true }),
    makeBuild({ number: 3, isPrivate: true }),
  ])
    await putJson(bucket.store, buildKeys(build).build, build)
})
afterAll(() => bucket.close())

test.each([
  ['ada', 'web', '12', 12],
  ['ada', 'web', '0', null],
  ['ada', 'web', '012', null],
  ['ada', 'web', '-1', null],
  ['ada', 'web', '1e3', null],
  ['ada', 'web', '12345678901', null],
  ['ada', '..', '1', null],
  ['..', 'web', '1', null],
  ['ada', 'web/builds/1/log', '1', null],
  ['', '', '', null],
])('%s/%s %s is the path of build %j', (owner, repo, number, expected) => {
  expect(parseBuildRef(owner, repo, number)?.number ?? null).toBe(expected)
})

const keyOf = (number: number) => keyOfPath(buildPath(makeBuild({ number })), LINK_KEY)

test.each<[string, number, string | undefined, boolean]>([
  ['a public build without a key', 1, undefined, true],
  ['a public build with any key', 1, 'x', true],
  ['a private build without a key', 2, undefined, false],
  ['a private build with a wrong key', 2, 'x'.repeat(32), false],
  ["a private build with another build's key", 2, keyOf(3), false],
  ['a private build with its key', 2, keyOf(2), true],
  ['a missing build', 9, keyOf(9), false],
])('%s', async (_, number, key, opens) => {
  const records = await openBuild(bucket.store, makeBuild({ number }), key, async () => LINK_KEY)
  expect(records?.build.number ?? null).toBe(opens ? number : null)
})

test('a build is opened by any spelling and any later name of its repository, with the key of its own path', async () => {
  const { store } = bucket
  await updateNamed(store, 'bob/site', () => ({ id: 4711, project: 'gh/ada/web' }))
  for (const [owner, repo] of [
    ['ADA', 'Web'],
    ['bob', 'site'],
    ['Bob', 'SITE'],
  ] as const) {
    const open = (key: string) => openBuild(store, parseBuildRef(owner, repo, '2'), key, async () => LINK_KEY)
    expect((await open(keyOf(2)))?.build).toMatchObject({ project: 'gh/ada/web', number: 2 })
    expect(await open(keyOfPath(`/gh/${owner}/${repo}/builds/2`, LINK_KEY))).toBeNull()
  }
})

test('an invalid path is not looked up', async () => {
  expect(await openBuild(bucket.store, null, 'x', async () => LINK_KEY)).toBeNull()
})
