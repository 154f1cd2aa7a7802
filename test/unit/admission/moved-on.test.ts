import { afterEach, expect, test, vi } from 'vitest'
import { recordMovedOnOnce } from '../../../src/admission/record-gone.ts'
import type { Compare } from '../../../src/model/newer.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { recordBuild } from '../../../src/records/trigger-record.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after, makeBuild } from '../../support/records.ts'

afterEach(() => vi.restoreAllMocks())

const commitOf = (letter: string) => letter.repeat(40)
/** In git, `a` comes before `b`, and so on; the branch is at this commit. */
const gitAt =
  (head: string): Compare =>
  async (_, base, to) => {
    const [from, until] = [base, to === 'master' ? commitOf(head) : to]
    return from === until ? 'identical' : from < until ? 'ahead' : 'behind'
  }

/** A branch with builds of `b` and `d`, and pushes with a skip word. */
async function openBranch() {
  const store = openMemoryStore()
  const builds = ['b', 'd'].map((letter, index) =>
    makeBuild({ number: index + 1, commit: commitOf(letter), trigger: 'push/master' }),
  )
  for (const build of builds) await recordBuild(store, build, true)
  /** Sends a delivery. Returns the builds that are said to have been left, and forgets that. */
  const skip = async (delivery: string, letter: string, compare: Compare) => {
    const push = { ...builds[0], commit: commitOf(letter), baseCommit: null } as (typeof builds)[number]
    await recordMovedOnOnce(`1/${delivery}`, push, { store, compare, now: () => after(0) })
    const left = []
    for (const build of builds) {
      const { gone } = buildKeys(build)
      if ((await store.get(gone)) !== null) left.push(build.number)
      await store.remove(gone)
    }
    return left
  }
  return { skip }
}

test('a push with a skip word leaves the commits before it once, however often it is sent', async () => {
  const { skip } = await openBranch()
  expect(await skip('one', 'e', gitAt('e'))).toEqual([1, 2])
  expect(await skip('one', 'e', gitAt('e'))).toEqual([])
  // Another one, of the same branch.
  expect(await skip('two', 'f', gitAt('f'))).toEqual([1, 2])
})

test('an old push with a skip word that is sent again is no news, also when its claim has expired', async () => {
  for (const letter of ['a', 'c', 'd']) {
    const { skip } = await openBranch()
    expect([letter, await skip('old', letter, gitAt('d'))]).toEqual([letter, []])
    expect([letter, await skip('old', letter, gitAt('d'))]).toEqual([letter, []])
  }
  // The branch was set back to it.
  const { skip } = await openBranch()
  expect(await skip('back', 'c', gitAt('c'))).toEqual([1, 2])
})

test('a push with a skip word that arrives while GitHub is silent counts, once', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const { skip } = await openBranch()
  const silent = async () => {
    throw new UserError('GitHub could not be asked')
  }
  expect(await skip('one', 'e', silent)).toEqual([1, 2])
  for (const compare of [silent, gitAt('e')]) expect(await skip('one', 'e', compare)).toEqual([])
})
