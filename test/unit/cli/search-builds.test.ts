import { expect, test } from 'vitest'
import { searchBuilds } from '../../../src/cli/commands/builds.ts'
import { raiseCounter } from '../../../src/records/counter.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { makeBuild } from '../../support/records.ts'

const PROJECT = 'gh/ada/web'
const MOST = 4

/** Of twelve builds, #1 and every third one after it are of the branch `qa`. */
async function openBuilds() {
  const store = openMemoryStore()
  for (let number = 1; number <= 12; number++) {
    const build = makeBuild({ number, branch: number % 3 === 1 ? 'qa' : 'master' })
    await store.put(buildKeys({ project: PROJECT, number }).build, JSON.stringify(build), 'application/json')
  }
  await raiseCounter(store, PROJECT, 12)
  return store
}

test.each<[string, { branch?: string; limit: number }, number, number[], boolean]>([
  ['without a branch as many as wanted', { limit: 6 }, MOST, [12, 11, 10, 9, 8, 7], false],
  ['all that there are', { limit: 99 }, MOST, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], false],
  ['as many of a branch as wanted', { branch: 'qa', limit: 1 }, MOST, [10], false],
  ['fewer of a branch, because no more were searched', { branch: 'qa', limit: 2 }, MOST, [10], true],
  ['none of a branch, because no more were searched', { branch: 'qa', limit: 2 }, 2, [], true],
  ['all of a branch', { branch: 'qa', limit: 99 }, 12, [10, 7, 4, 1], false],
])('%s', async (_, search, most, numbers, isCut) => {
  const found = await searchBuilds(await openBuilds(), PROJECT, search, most)
  expect(found.views.map(({ number }) => number)).toEqual(numbers)
  expect(found.isCut).toBe(isCut)
})
