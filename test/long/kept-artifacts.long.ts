import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobsOf, ONE_JOB, openKeptRepository } from '../support/kept-repository.ts'
import { sharedTestSystem, type TestSystem } from '../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

test('of eleven deploys, the artifacts of the first are gone, and those of the second are there', async () => {
  const repository = await openKeptRepository(ci, ONE_JOB)
  const commits: string[] = []
  for (let push = 1; push <= 11; push++) commits.push(await repository.push())
  expect(await repository.keptBuilds()).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  await repository.expire()
  const second = await repository.deploy(commits[1] ?? '')
  expect(jobsOf(second)).toEqual(['deploy: passed'])
  expect(await repository.got(12)).toBe(await repository.got(2))
  const first = await repository.deploy(commits[0] ?? '')
  expect(jobsOf(first)).toEqual(['build: passed', 'deploy: passed'])
  expect([undefined, await repository.got(1)]).not.toContain(await repository.got(13))
})
