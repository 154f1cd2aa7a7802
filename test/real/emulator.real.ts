import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { functionName } from '../../loopback/system/functions.ts'
import { s3Event, urlEvent } from '../support/lambda-events.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'

// Every function runs its bundle under AWS's Runtime Interface Emulator, by AWS's runtime client.

const REPOSITORY = 'ada/emulated'
const build = (number: number) => ({ project: `gh/${REPOSITORY}`, number })

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({
    concurrency: 1,
    mixesTenants: true,
    bootstrap: join(import.meta.dirname, 'emulator-bootstrap.ts'),
  })
})
afterAll(() => ci.close())

const linesOf = (name: string) => ci.lines.filter(line => line.startsWith(`${name}: `))

test('builds pass and fail, cold and warm, from the push to the status', async () => {
  const at = await ci.write(lambciJson('echo "as $LAMBCI_BRANCH"; exit $(cat code)', {}))
  const passing = await ci.push(at, REPOSITORY, 'master', { code: '0' })
  expect(await ci.ended(build(1))).toMatchObject({ status: 'passed', runner: { start: 'cold' } })
  const failing = await ci.push(at, REPOSITORY, 'master', { code: '3' })
  expect(await ci.ended(build(2))).toMatchObject({ status: 'failed', runner: { start: 'warm' } })
  expect(await ci.log(build(2))).toContain('as master\n')
  expect((await ci.statuses(REPOSITORY, passing)).at(-1)).toMatch(/^success lambci\/push/)
  expect((await ci.statuses(REPOSITORY, failing)).at(-1)).toMatch(/^failure lambci\/push/)
  for (const name of ['http', 'run-protected', 'report'] as const) {
    const lines = linesOf(functionName(name))
    expect(lines.some(line => line.includes('START RequestId: '))).toBe(true)
  }
})

test('a page is answered, and an event that a function refuses is an error of the function', async () => {
  const { lambda, addresses } = ci.system
  const health = await lambda.invoke(functionName('http'), urlEvent('GET', '/health'))
  expect(health).toMatchObject({ ok: true, payload: { statusCode: 200, body: '{"status":"ok"}' } })
  const report = await lambda.invoke(functionName('report'), s3Event(addresses.bucket, 'cache/unrelated'))
  expect(report).toMatchObject({ ok: true })
  const refused = await lambda.invoke(functionName('report'), { nonsense: true })
  expect(refused).toMatchObject({ ok: false, error: { errorType: 'ZodError' } })
})
