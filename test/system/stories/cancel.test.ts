import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildKeys } from '../../../src/records/keys.ts'
import { readRawJobRun } from '../../../src/records/read-records.ts'
import { logOfJob } from '../../support/examples.ts'
import { lambci } from '../../support/lambci.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({ concurrency: 1, mixesTenants: true })
})
afterAll(() => ci.close())

const onTestSystem = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])
const isAt = (build: { project: string; number: number }, status: string) =>
  ci.until(status, async () => (await ci.view(build))?.status === status)

test('a cancelled running build ends within seconds, and its end is reported', async () => {
  const build = { project: 'gh/ada/long', number: 1 }
  const at = await ci.write(lambciJson('echo begun; sleep 300; echo never'))
  const commit = await ci.push(at, 'ada/long', 'master')
  await isAt(build, 'running')
  const { exitCode, stdout } = await onTestSystem('cancel', 'ada/long')
  expect([exitCode, stdout]).toEqual([
    0,
    expect.stringMatching(/^Build #1 of ada\/long is being cancelled \(by \S+\)\. It ends within seconds/),
  ])
  const requestedAt = Date.now()
  const view = await ci.ended(build)
  expect(Date.now() - requestedAt).toBeLessThan(15_000)
  expect(view).toMatchObject({ status: 'cancelled', reason: expect.stringMatching(/^by \S+$/) })
  const log = await ci.log(build)
  expect(log).toMatch(/begun\n/)
  expect(log).toMatch(/▸ The build was cancelled by \S+ after [\d.]+ s\n$/)
  expect(log).not.toMatch(/^never$/m)
  expect((await ci.statuses('ada/long', commit)).at(-1)).toMatch(/^error lambci\/push: Cancelled: by \S+/)
  expect(await onTestSystem('cancel', 'ada/long#1')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^lambci: Build #1 of ada\/long has already ended: Cancelled: by \S+\.$/),
  })
})

test('a cancelled queued build ends without starting', async () => {
  const gate = ci.gate()
  const at = await ci.write(lambciJson(gate.wait))
  await ci.push(at, 'ada/first', 'master')
  await isAt({ project: 'gh/ada/first', number: 1 }, 'running')
  const other = await ci.write(lambciJson('echo started'))
  const queued = { project: 'gh/ada/second', number: 1 }
  const commit = await ci.push(other, 'ada/second', 'master')
  await isAt(queued, 'queued')
  expect((await onTestSystem('cancel', 'ada/second#1', '--json')).stdout).toMatch(
    /^{"project":"gh\/ada\/second","number":1,/,
  )
  expect(await ci.ended(queued)).toMatchObject({ status: 'cancelled', startedAt: null, cost: null })
  await gate.open()
  await ci.ended({ project: 'gh/ada/first', number: 1 })
  // Its job message is still delivered, and the run finds the cancel request.
  await ci.until('its end', async () => (await readRawJobRun(ci.system.store, queued))?.log)
  // What it says then comes after the end.
  expect(await ci.view(queued)).toMatchObject({ status: 'cancelled', startedAt: null, runner: null })
  expect(await ci.log(queued)).not.toMatch(/^started$/m)
  expect(await ci.statuses('ada/second', commit)).toEqual([expect.stringMatching(/^error .*Cancelled: by/)])
})

test('a started deploy is not cancelled', async () => {
  const build = { project: 'gh/ada/stage', number: 1 }
  const gate = ci.gate()
  const begun = join(ci.directory, 'begun')
  const deploy = `echo begun > ${begun}; ${gate.wait}; echo deployed`
  const at = await ci.write(lambciJson('true', { stages: { master: 'dev' }, deploy }))
  await ci.push(at, 'ada/stage', 'master')
  await ci.until('the deploy', () => ci.read(begun).catch(() => null))
  await isAt(build, 'deploying')
  expect(await onTestSystem('cancel', 'ada/stage')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('is deploying to dev. A deploy that has started is not interrupted.'),
  })
  // Nor is it cancelled by a request that is written too late. It still runs when a later build has ended.
  const request = { by: 'ada', why: 'by ada', supersededBy: null, at: new Date().toISOString() }
  await ci.system.store.put(buildKeys(build).cancel, JSON.stringify(request), 'application/json')
  await ci.push(at, 'ada/stage', 'topic')
  await ci.ended({ ...build, number: 2 })
  await gate.open()
  const view = await ci.ended(build)
  expect(view).toMatchObject({ status: 'passed', deploy: { status: 'succeeded' } })
  const log = await logOfJob(ci, view, 'deploy')
  expect(log).toMatch(/^deployed$/m)
  expect(log).toContain('The deploy has no AWS credentials: the account names no role for it')
})
