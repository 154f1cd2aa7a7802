import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

test('git push to the local system prints the link to the build', async () => {
  const { url, github } = ci.system.addresses
  const at = await ci.write(lambciJson('true'))
  await ci.commit(at)
  const push = async (...refs: string[]) => {
    const { PATH = '' } = process.env
    const env = { PATH, HOME: ci.directory, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' }
    const args = ['push', `${github}/push/answer.git`, ...refs]
    return (await promisify(execFile)('git', args, { cwd: at, env })).stderr
  }
  const page = `${url}/gh/push/answer/builds/1`
  expect(await push('HEAD:refs/heads/master')).toMatch(new RegExp(`^remote: Build #1: ${page} *$`, 'm'))
  expect((await fetch(page)).status).toBe(200)
  await push('HEAD:refs/heads/topic')
  expect(await push(':refs/heads/topic')).toMatch(/^remote: No build: The branch topic was deleted/m)
  await ci.ended({ project: 'gh/push/answer', number: 2 })
})
