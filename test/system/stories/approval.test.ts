import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildKeys, jobKeys, settingsKeys } from '../../../src/records/keys.ts'
import { recordEnd } from '../../../src/records/trigger-record.ts'
import { lambci } from '../../support/lambci.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const onTestSystem = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])

/** Calls GitHub's API as somebody who has never contributed anything. */
async function asStranger(method: string, path: string, body: object) {
  const { githubApi, githubToken } = ci.system.addresses
  const authorization = `Basic ${Buffer.from(`stranger:${githubToken}`).toString('base64')}`
  const answer = await fetch(`${githubApi}${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.ok).toBe(true)
  return (await answer.json()) as { number: number }
}

/** A repository with a fork, from which a stranger opens a pull request. Returns the directory of the fork, and its commit. */
async function openPull(name: string) {
  const at = await ci.write(lambciJson('echo base', { branches: { '/.*/': false, master: true } }))
  await ci.push(at, `home/${name}`, 'master', {}, 'A base [skip ci]')
  await ci.api('POST', `/repos/home/${name}/forks`, { organization: 'stranger' })
  const commit = await ci.push(at, `stranger/${name}`, 'topic', { 'a.txt': '1' }, 'Mine [skip ci]')
  await asStranger('POST', `/repos/home/${name}/pulls`, {
    ...{ title: 'Better', head: 'stranger:topic', base: 'master' },
  })
  return { at, commit }
}
const buildOf = (name: string, number: number) => ({ project: `gh/home/${name}`, number })
const waits = (name: string, number: number) =>
  ci.until(`the status of #${number}`, async () => {
    const view = await ci.view(buildOf(name, number))
    const statuses = view && (await ci.statuses(`home/${name}`, view.commit))
    return statuses?.includes(`pending lambci/pr: Waits for approval: lambci approve home/${name}#${number}`)
  })
const startedJobs = (project: string) =>
  ci.messages.flatMap(({ build }) => (build.project === project ? [build.number] : []))

test("a stranger's pull request starts nothing until it is approved; a new push waits anew, and closing ends that", async () => {
  const { at, commit } = await openPull('open')
  const [first, second] = [buildOf('open', 1), buildOf('open', 2)]
  await waits('open', 1)
  expect(await ci.view(first)).toMatchObject({ status: 'waiting', approval: 'stranger', trust: 'fork' })
  const page = await fetch(`${ci.system.addresses.url}/gh/home/open/builds/1`)
  expect(await page.text()).toContain('>lambci approve home/open#1</code>')
  expect((await onTestSystem('builds', 'home/open')).stdout).toMatch(/^BUILD +STATUS .*\n#1 +waiting /)
  expect((await onTestSystem('logs', 'home/open#1')).stderr).toBe(
    'Waits for approval: lambci approve home/open#1',
  )
  expect(startedJobs('gh/home/open')).toEqual([])
  expect(await ci.system.store.list(jobKeys(first).prefix)).toEqual([])

  expect(await onTestSystem('approve', 'home/open')).toMatchObject({ exitCode: 2 })
  const following = onTestSystem('logs', '-f', 'home/open#1')
  const approved = await onTestSystem('approve', 'home/open#1')
  expect([approved.exitCode, approved.stdout]).toEqual([
    0,
    `Build #1 of home/open is approved, for commit ${commit.slice(0, 10)}. It starts within seconds. To follow it: lambci logs -f home/open#1`,
  ])
  expect(await ci.ended(first)).toMatchObject({ status: 'passed', trust: 'fork', isFork: true })
  expect(await following).toEqual({
    exitCode: 0,
    stdout: expect.stringContaining('base\n'),
    stderr: 'Waits for approval: lambci approve home/open#1',
  })
  expect((await onTestSystem('approve', 'home/open#1')).stderr).toMatch(
    /^lambci: Build #1 of home\/open does not wait for approval: Passed in /,
  )

  const pushed = await ci.push(at, 'stranger/open', 'topic', { 'a.txt': '2' }, 'Mine [skip ci]')
  await waits('open', 2)
  expect(startedJobs('gh/home/open')).toEqual([1])
  await asStranger('PATCH', '/repos/home/open/pulls/1', { state: 'closed' })
  expect(await ci.ended(second)).toMatchObject({ status: 'cancelled', startedAt: null, cost: null })
  expect((await ci.statuses('home/open', pushed)).at(-1)).toBe(
    'error lambci/pr: Not approved: the pull request was closed',
  )
  // A person who has opened it again does not vouch for it.
  await ci.api('PATCH', '/repos/home/open/pulls/1', { state: 'open' })
  await waits('open', 3)
  // Closed once more; report has not heard of it yet.
  await recordEnd(ci.system.store, { project: 'gh/home/open', trigger: 'pr/1' })
  expect(await onTestSystem('approve', 'home/open#3')).toMatchObject({
    exitCode: 2,
    stderr: 'lambci: Build #3 of home/open can no longer be approved: its pull request is closed.',
  })
  await onTestSystem('cancel', 'home/open#3')
  expect(await ci.ended(buildOf('open', 3))).toMatchObject({ status: 'cancelled' })
  expect(startedJobs('gh/home/open')).toEqual([1])
  expect(await ci.system.store.get(buildKeys(second).approve)).toBeNull()
  // Nobody gets a mail about what nobody has approved; what a person cancels is told as ever.
  const mails = ci.mails.flatMap(({ subject }) => (subject?.includes('home/open') ? [subject] : []))
  expect(mails).toEqual([
    'passed: home/open #1 (pull request #1)',
    'cancelled: home/open #3 (pull request #1)',
  ])
  await onTestSystem('rebuild', 'home/open#3')
  expect(await ci.ended(buildOf('open', 4))).toMatchObject({ status: 'passed', rebuildOf: 3 })
})

test('a push beyond the limit of the day waits, and is approved', async () => {
  const settings = { maxBuildsPerDay: 1 }
  await ci.system.store.put(settingsKeys('gh/home/much')[1], JSON.stringify(settings), 'application/json')
  const at = await ci.write(lambciJson('true'))
  await ci.push(at, 'home/much', 'master')
  await ci.ended(buildOf('much', 1))
  const commit = await ci.push(at, 'home/much', 'master', { 'b.txt': '1' })
  await ci.until('the status', async () =>
    (await ci.statuses('home/much', commit)).includes(
      'pending lambci/push: Waits for approval: lambci approve home/much#2 (too many builds today)',
    ),
  )
  expect((await onTestSystem('approve', 'home/much#2', '--json')).stdout).toContain('"approval":{"number":2')
  expect(await ci.ended(buildOf('much', 2))).toMatchObject({ status: 'passed', trust: 'protected' })
})

test('people hear of a budget that is used up, and the next push waits', async () => {
  const settings = { monthlyBudget: 0.000001 }
  await ci.system.store.put(settingsKeys('gh/home/costly')[1], JSON.stringify(settings), 'application/json')
  const at = await ci.write(lambciJson('true'))
  await ci.push(at, 'home/costly', 'master')
  await ci.ended(buildOf('costly', 1))
  const mails = await ci.until('the mail', async () => {
    const found = ci.mails.filter(({ subject }) => subject?.startsWith('budget: home/costly has used up '))
    return found.length > 0 && found
  })
  expect(mails).toHaveLength(1)
  const commit = await ci.push(at, 'home/costly', 'master', { 'b.txt': '1' })
  await ci.until('the status', async () =>
    (await ci.statuses('home/costly', commit)).includes(
      "pending lambci/push: Waits for approval: lambci approve home/costly#2 (the month's budget is used up)",
    ),
  )
  await ci.moveBranch('home/costly', 'master', null)
  expect(await ci.ended(buildOf('costly', 2))).toMatchObject({ status: 'cancelled', startedAt: null })
})
