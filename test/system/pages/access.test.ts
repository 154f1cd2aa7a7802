import { beforeAll, expect, test } from 'vitest'
import { openBuild, openRepository, parseBuildRef } from '../../../src/pages/access.ts'
import { raiseCounter } from '../../../src/records/counter.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { buildPath, keyOfPath, repositoryPath } from '../../../src/records/links.ts'
import { updateKnown, updateNamed } from '../../../src/records/repository-records.ts'
import type { Store } from '../../../src/records/store.ts'
import { putJson } from '../../support/bucket.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { makeBuild } from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const LINK_KEY = 'a-link-key-of-these-tests'
const store = openMemoryStore()
beforeAll(async () => {
  await put(PROJECT, [true, true, false])
  await put('gh/ada/closed', [false, true])
  await put('gh/ada/hidden', [true])
  await updateNamed(store, 'bob/shut', () => ({ id: 4712, project: 'gh/ada/closed' }))
})

/** Builds of one repository from #1 on, and whether it was private at the time. */
async function put(project: string, arePrivate: boolean[]) {
  for (const [index, isPrivate] of arePrivate.entries()) {
    const build = makeBuild({ project, number: index + 1, isPrivate })
    await putJson(store, buildKeys(build).build, build)
  }
  await raiseCounter(store, project, arePrivate.length)
}

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

const keyOf = (number: number, project = PROJECT) => keyOfPath(buildPath({ project, number }), LINK_KEY)
const secret = async () => LINK_KEY

test.each<[string, string, number, string | undefined, boolean]>([
  ['a public build without a key', PROJECT, 3, undefined, true],
  ['a public build with any key', PROJECT, 3, 'x', true],
  ['a private build without a key', PROJECT, 2, undefined, false],
  ['a private build with a wrong key', PROJECT, 2, 'x'.repeat(32), false],
  ["a private build with another build's key", PROJECT, 2, keyOf(1), false],
  ['a private build with its key', PROJECT, 2, keyOf(2), true],
  ['a missing build', PROJECT, 9, keyOf(9), false],
  ['a public build of what is private now, without a key', 'gh/ada/closed', 1, undefined, false],
  ['a public build of what is private now, by its later name', 'gh/bob/shut', 1, undefined, false],
  [
    'a public build of what is private now, with its key',
    'gh/ada/closed',
    1,
    keyOf(1, 'gh/ada/closed'),
    true,
  ],
  ['that by its later name', 'gh/bob/shut', 1, keyOf(1, 'gh/ada/closed'), true],
])('%s', async (_, project, number, key, opens) => {
  const opened = await openBuild(store, { project, number }, key, secret)
  expect(opened?.records.build.number ?? null).toBe(opens ? number : null)
})

test('builds that are taken while the counter lags behind make a repository private, too', async () => {
  await put('gh/ada/lagging', [false, false])
  for (let number = 3; number <= 8; number++) {
    const build = makeBuild({ project: 'gh/ada/lagging', number, isPrivate: number === 8 })
    await putJson(store, buildKeys(build).build, build)
  }
  const ref = { project: 'gh/ada/lagging', number: 1 }
  expect(await openBuild(store, ref, undefined, secret)).toBeNull()
  expect(await openBuild(store, ref, keyOf(1, ref.project), secret)).not.toBeNull()
})

test('what repeats a private build is private: a retry shows its logs, a rebuild and a deploy its commit', async () => {
  const project = 'gh/ada/retried'
  await put(project, [true, false])
  const retries = [
    makeBuild({ project, number: 3, retryOf: 1 }),
    makeBuild({ project, number: 4, retryOf: 3 }),
    makeBuild({ project, number: 5, rebuildOf: 1 }),
    makeBuild({ project, number: 6, retryOf: 5 }),
    makeBuild({ project, number: 7, target: { stage: 'qa', of: 1, by: null } }),
    makeBuild({ project, number: 8, rebuildOf: 99 }),
  ]
  const others = [
    makeBuild({ project, number: 9, retryOf: 2 }),
    makeBuild({ project, number: 10, rebuildOf: 2 }),
    makeBuild({ project, number: 11, target: { stage: 'qa', of: 10, by: null } }),
  ]
  for (const build of [...retries, ...others]) await putJson(store, buildKeys(build).build, build)
  for (const [ref, isOpen] of [
    ...retries.map(each => [each, false] as const),
    ...others.map(each => [each, true] as const),
  ])
    expect([ref.number, (await openBuild(store, ref, undefined, secret)) !== null]).toEqual([
      ref.number,
      isOpen,
    ])
  expect(await openBuild(store, { project, number: 4 }, keyOf(4, project), secret)).not.toBeNull()
})

test('what is built again opens nothing: its record says what was so then', async () => {
  const project = 'gh/ada/repeated'
  await put(project, [false, true])
  const repetitions = [
    makeBuild({ project, number: 3, rebuildOf: 1 }),
    makeBuild({ project, number: 4, retryOf: 1 }),
    makeBuild({ project, number: 5, target: { stage: 'qa', of: 1, by: null } }),
  ]
  for (const build of repetitions) {
    await putJson(store, buildKeys(build).build, build)
    await raiseCounter(store, project, build.number)
    for (let number = 1; number <= build.number; number++) {
      expect(await openBuild(store, { project, number }, undefined, secret)).toBeNull()
      expect(await openBuild(store, { project, number }, keyOf(number, project), secret)).not.toBeNull()
    }
    expect(await openRepository(store, { project, pathOf: repositoryPath }, undefined, secret)).toBeNull()
  }
})

test('the record of the repository decides, whatever the newest builds are', async () => {
  const [project, repositoryId] = ['gh/ada/recorded', 4713]
  // A build of the public time, and more repetitions of it than are looked at.
  for (let number = 1; number <= 9; number++) {
    const build = makeBuild({ project, repositoryId, number, rebuildOf: number === 1 ? null : 1 })
    await putJson(store, buildKeys(build).build, build)
  }
  await raiseCounter(store, project, 9)
  const isOpen = async (number: number) => {
    const build = await openBuild(store, { project, number }, undefined, secret)
    const page = await openRepository(store, { project, pathOf: repositoryPath }, undefined, secret)
    return [build !== null, page !== null]
  }
  for (const isPrivate of [true, false]) {
    await updateKnown(store, repositoryId, () => ({ project, isPrivate }))
    for (const number of [1, 5, 9]) expect(await isOpen(number)).toEqual([!isPrivate, !isPrivate])
  }
  expect(await openBuild(store, { project, number: 9 }, keyOf(9, project), secret)).not.toBeNull()
})

/** The requests to the bucket, by method, in the order of their start. */
async function requestsOf(open: (store: Store) => Promise<unknown>): Promise<string[]> {
  const made: string[] = []
  const noted = new Proxy(store, {
    get: (target, name: keyof Store) => {
      const method = target[name]
      if (typeof method !== 'function') return method
      return (...args: never[]) => {
        made.push(name)
        return (method as (...args: never[]) => unknown)(...args)
      }
    },
  })
  expect(await open(noted)).toBeNull()
  return made
}

// Whoever measures how long the answer takes learns nothing about what is there.
test('what is private takes the same requests as what is not there', async () => {
  const ofBuild = (project: string, number: number, key?: string) =>
    requestsOf(store => openBuild(store, { project, number }, key, secret))
  const ofPage = (project: string, key?: string) =>
    requestsOf(store => openRepository(store, { project, pathOf: repositoryPath }, key, secret))
  const expected = await ofBuild('gh/ada/nowhere', 1)
  expect(expected.length).toBeLessThan(15)
  for (const [project, number, key] of [
    ['gh/ada/nowhere', 1, 'x'.repeat(32)],
    ['gh/ada/nowhere', 1, keyOf(1)],
    [PROJECT, 9, undefined],
    [PROJECT, 1, undefined],
    [PROJECT, 1, 'x'.repeat(32)],
    [PROJECT, 1, keyOf(2)],
    ['gh/ada/hidden', 1, undefined],
    ['gh/ada/hidden', 1, 'x'.repeat(32)],
    ['gh/ada/hidden', 2, undefined],
    ['gh/ada/closed', 1, undefined],
    ['gh/ada/closed', 2, 'x'.repeat(32)],
    ['gh/bob/shut', 1, undefined],
    ['gh/bob/shut', 9, undefined],
  ] as const)
    expect([project, number, await ofBuild(project, number, key)]).toEqual([project, number, expected])
  const page = await ofPage('gh/ada/nowhere')
  for (const project of ['gh/ada/nowhere', 'gh/ada/hidden', 'gh/ada/closed', 'gh/bob/shut'])
    for (const key of [undefined, 'x', 'x'.repeat(32), keyOf(1)])
      expect([project, await ofPage(project, key)]).toEqual([project, page])
})

test('a build is opened by any spelling and any later name of its repository, with the key of its own path', async () => {
  await updateNamed(store, 'bob/site', () => ({ id: 4711, project: 'gh/ada/web' }))
  for (const [owner, repo] of [
    ['ADA', 'Web'],
    ['bob', 'site'],
    ['Bob', 'SITE'],
  ] as const) {
    const open = (key: string) => openBuild(store, parseBuildRef(owner, repo, '2'), key, async () => LINK_KEY)
    expect((await open(keyOf(2)))?.records.build).toMatchObject({ project: 'gh/ada/web', number: 2 })
    expect(await open(keyOfPath(`/gh/${owner}/${repo}/builds/2`, LINK_KEY))).toBeNull()
  }
})

test('an invalid path is not looked up', async () => {
  expect(await openBuild(store, null, 'x', async () => LINK_KEY)).toBeNull()
})
