import { beforeEach, expect, test } from 'vitest'
import { readCancelRequest } from '../../../src/records/cancel-request.ts'
import { openCommitWorld } from '../../support/commit-world.ts'

/** The commits of the only line of history, oldest first. */
const LINE = [
  ...[...'abcdef'].map(letter => letter.repeat(40)),
  ...Array.from({ length: 40 }, (_, index) => String(index).padStart(40, '7')),
]
const [A = '', B = '', C = ''] = LINE

type World = ReturnType<typeof openCommitWorld>
let world: World
beforeEach(async () => {
  world = openCommitWorld(LINE)
  await world.store.put('config/global.json', '{"allow":["*"]}', 'application/json')
})

/** More pushes of other branches than were once remembered of a repository. */
async function otherPushes(count = 40): Promise<void> {
  for (let other = 0; other < count; other++)
    await world.passed(await world.arrive(`push/other-${other % 5}`, LINE[6 + other] ?? A))
}

/** Two pull requests with one head: #7 is red, #8 green. Returns the build of #7. */
async function twoPulls() {
  const red = await world.failed(await world.arrive('pr/7', A, 'topic'))
  await world.passed(await world.arrive('pr/8', A, 'topic-2'))
  expect(world.shown.get('a lambci/pr')).toMatch(/^failure: pull request #7: /)
  return red
}

test.each<[string, (red: Awaited<ReturnType<typeof twoPulls>>) => Promise<unknown>]>([
  ['as it was built', async () => {}],
  ['after a rebuild', async red => world.failed(await world.rebuild(red))],
  [
    'after many rebuilds',
    async red => {
      for (let count = 0; count < 40; count++) await world.failed(await world.rebuild(red))
    },
  ],
  ['while a rebuild waits for a function', red => world.rebuild(red)],
  ['after a redelivery', async red => world.failed(await world.redeliver(red))],
  ['after many pushes of others', () => otherPushes()],
])('a pull request that is closed leaves its commit: %s', async (_, before) => {
  await before(await twoPulls())
  await world.close('pr/7')
  expect(world.shown.get('a lambci/pr')).toBe('success: Passed in 42 s')
})

test('a pull request to which much was pushed at once leaves its first commit when it is closed', async () => {
  await twoPulls()
  const builds = []
  for (const commit of LINE.slice(1, 41)) builds.push(await world.arrive('pr/7', commit, 'topic'))
  // As with a fork that GitHub does not show to this stack.
  world.heads.delete('topic')
  await world.close('pr/7')
  expect(world.shown.get('a lambci/pr')).toBe('success: Passed in 42 s')
})

test('a pull request is closed while it is rebuilt, or rebuilt when it is closed', async () => {
  const red = await twoPulls()
  const running = await world.rebuild(red)
  await world.close('pr/7')
  await world.failed(running)
  expect(world.shown.get('a lambci/pr')).toBe('success: Passed in 42 s')
  await world.failed(await world.rebuild(red))
  await world.failed(await world.redeliver(red))
  expect(world.shown.get('a lambci/pr')).toBe('success: Passed in 42 s')
})

test('a pull request that is opened again counts again', async () => {
  await twoPulls()
  await world.close('pr/7')
  await world.failed(await world.arrive('pr/7', A, 'topic'))
  expect(world.shown.get('a lambci/pr')).toMatch(/^failure: pull request #7: /)
})

test('a rebuild of an earlier commit does not move a pull request back to it', async () => {
  const earlier = await world.passed(await world.arrive('pr/7', A, 'topic'))
  await world.failed(await world.arrive('pr/7', B, 'topic'))
  await world.passed(await world.arrive('pr/8', B, 'topic-2'))
  // As with a fork that GitHub does not show to this stack.
  world.heads.delete('topic')
  await world.passed(await world.rebuild(earlier))
  expect(world.shown.get('b lambci/pr')).toMatch(/^failure: pull request #7: /)
})

test('where git says nothing, a rebuild of an earlier commit does not keep a pull request there', async () => {
  const [unknown, next] = ['8'.repeat(40), '9'.repeat(40)]
  const red = await world.failed(await world.arrive('pr/7', unknown, 'topic'))
  await world.passed(await world.arrive('pr/8', unknown, 'topic-2'))
  const moved = await world.arrive('pr/7', next, 'topic')
  await world.failed(await world.rebuild(red))
  expect(world.shown.get('8 lambci/pr')).toMatch(/^failure: pull request #7: /)
  await world.passed(moved)
  expect(world.shown.get('8 lambci/pr')).toBe('success: Passed in 42 s')
})

/** Two branches at one commit: `master` is green, `topic` red. Returns the build of `topic`. */
async function twoBranches() {
  await world.passed(await world.arrive('push/master', A))
  const red = await world.failed(await world.arrive('push/topic', A))
  expect(world.shown.get('a lambci/push')).toMatch(/^failure: topic: /)
  return red
}

test.each<[string, () => Promise<unknown>]>([
  ['a push that passes', async () => world.passed(await world.arrive('push/topic', B))],
  ['a push that changes no relevant file', async () => world.skipped(await world.arrive('push/topic', B))],
  ['a push with a skip word', () => world.arriveUnbuilt('topic', B)],
  [
    'many pushes, none of which has been built yet',
    async () => {
      const builds = []
      for (const commit of LINE.slice(1, 20)) builds.push(await world.arrive('push/topic', commit))
      if (builds[0]) await world.passed(builds[0])
    },
  ],
  [
    'more pushes at once than are remembered',
    async () => {
      const builds = []
      for (const commit of LINE.slice(1, 41)) builds.push(await world.arrive('push/topic', commit))
      for (const build of builds) await world.passed(build)
    },
  ],
  [
    'more pushes at once than are remembered, the last of which has a skip word',
    async () => {
      for (const commit of LINE.slice(1, 41)) await world.arrive('push/topic', commit)
      await world.arriveUnbuilt('topic', LINE[41] ?? A)
    },
  ],
  [
    'a push after many of others',
    async () => {
      await otherPushes()
      await world.passed(await world.arrive('push/topic', B))
    },
  ],
  [
    'a push with a skip word after many of others and a rebuild',
    async () => {
      const red = await world.failed(await world.arrive('push/topic', A))
      await otherPushes()
      await world.failed(await world.rebuild(red))
      await world.arriveUnbuilt('topic', B)
    },
  ],
])('a branch leaves its commit by %s', async (_, move) => {
  await twoBranches()
  await move()
  expect(world.shown.get('a lambci/push')).toBe('success: Passed in 42 s')
})

test('a branch that has not moved on stays, whatever is skipped elsewhere', async () => {
  await twoBranches()
  await world.arriveUnbuilt('side', B)
  await world.skipped(await world.arrive('push/side', C))
  expect(world.shown.get('a lambci/push')).toMatch(/^failure: topic: /)
})

test('a skipped build sets no status, and leaves what its branch was at', async () => {
  await twoBranches()
  await world.skipped(await world.arrive('push/topic', B))
  expect(world.shown.has('b lambci/push')).toBe(false)
})

test('in a busy repository a newer commit supersedes the running build of its branch', async () => {
  const older = await world.arrive('push/topic', A)
  await otherPushes()
  const newer = await world.arrive('push/topic', B)
  expect(await readCancelRequest(world.store, older)).toMatchObject({ supersededBy: newer.number })
})
