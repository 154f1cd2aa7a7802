import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { openFunctions } from '../../../src/aws/functions.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { makeBuild } from '../../support/records.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())
afterEach(() => void vi.unstubAllEnvs())

/** What a function of this role has in its environment. */
function becomeFunction(role: string): void {
  const { addresses, servers } = ci.system
  const keys = servers.sts.issue(`arn:aws:iam::000000000000:role/lambci-${role}`)
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', addresses.lambda)
  vi.stubEnv('AWS_REGION', addresses.region)
  vi.stubEnv('AWS_ACCESS_KEY_ID', keys.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', keys.secretAccessKey)
  vi.stubEnv('AWS_SESSION_TOKEN', keys.sessionToken)
}
const arnOf = (name: string) => ci.system.lambda.arn(`lambci-${name}`)

test('report invokes itself for one build, and may not invoke http or a function with a topic', async () => {
  const build = makeBuild({ project: 'gh/ada/invoked', number: 1 })
  await ci.system.store.put(buildKeys(build).build, JSON.stringify(build), 'application/json')
  becomeFunction('report')
  const event = { switch: { project: build.project, number: 1 } }
  await openFunctions()(arnOf('report'), event)
  await ci.until('the report', () => readReport(ci.system.store, build))
  for (const name of ['http', 'run-branch'])
    await expect(openFunctions()(arnOf(name), event)).rejects.toMatchObject({ name: 'AccessDeniedException' })
})

test.each(['run-branch', 'run-fork', 'run-protected'])('%s does not invoke report', async role => {
  becomeFunction(role)
  await expect(openFunctions()(arnOf('report'), {})).rejects.toMatchObject({ name: 'AccessDeniedException' })
})
