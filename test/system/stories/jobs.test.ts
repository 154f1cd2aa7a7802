import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const files = (config: object) => ({
  '.lambci.json': JSON.stringify({ branches: { '/.*/': true }, ...config }),
})
const push = async (repository: string, config: object, branch = 'topic') => {
  const commit = await ci.push(await ci.write(files(config)), repository, branch)
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  return { commit, view }
}

test('three jobs run, and one status tells their end', async () => {
  const { commit, view } = await push('jobs/three', {
    jobs: { lint: 'echo linted', unit: { cmd: 'echo part $LAMBCI_SHARD of $LAMBCI_SHARDS', shards: 2 } },
  })
  expect(view.jobs.map(({ title, status }) => [title, status])).toEqual([
    ['lint', 'passed'],
    ['unit (1/2)', 'passed'],
    ['unit (2/2)', 'passed'],
  ])
  expect(view.status).toBe('passed')
  const statuses = await ci.statuses('jobs/three', commit)
  expect(statuses.filter(status => status.startsWith('success'))).toHaveLength(1)
})
