import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { writeExample } from '../support/examples.ts'
import { lambci } from '../support/lambci.ts'
import { openTestSystem, type TestSystem } from '../support/test-system.ts'
import { type Aws, CREDENTIALS, startAws } from './aws.ts'
import { BUILD_MS, PYTHON, toolVariables } from './tools.ts'

const PROJECT = 'gh/ada/hello'
/** As Zappa calls it. */
const ROLE = 'hello-dev-ZappaLambdaExecutionRole'

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: ['lambda.amazonaws.com'] }, Action: 'sts:AssumeRole' },
  ],
})

let ci: TestSystem
let aws: Aws
beforeAll(async () => {
  aws = await startAws()
  ci = await openTestSystem({ timeoutMs: BUILD_MS })
  const env = { ...toolVariables(), ...aws.variables }
  await putJson(ci.system.store, settingsKeys(PROJECT)[1], { env })
})
afterAll(async () => {
  await ci.close()
  await aws.close()
})

type LambdaFunction = { Configuration: { CodeSha256: string; CodeSize: number; Handler: string } }
const functionOf = async (stage: string) =>
  (await aws.cli<LambdaFunction>('lambda', 'get-function', '--function-name', `hello-${stage}`)).Configuration

test('the classic script deploys from within "cmd", once it has credentials', async () => {
  const at = await writeExample(ci, 'python-zappa')
  // The first deploy of a stage is done by hand. Here it has an archive that does nothing, for which Zappa makes no role.
  await aws.cli('iam', 'create-role', '--role-name', ROLE, '--assume-role-policy-document', TRUST)
  const empty = join(ci.directory, 'empty.zip')
  await writeFile(empty, zipSync({ empty: new Uint8Array() }))
  const zappa = join(PYTHON, 'bin', 'zappa')
  const env = { ...aws.variables, ...CREDENTIALS, AWS_EC2_METADATA_DISABLED: 'true' }
  await execa(zappa, ['deploy', 'dev', '--zip', empty], { cwd: at, env, timeout: BUILD_MS })
  const before = await functionOf('dev')

  const commit = await ci.push(at, 'ada/hello', 'master')
  const refused = await ci.ended({ project: PROJECT, number: 1 })
  expect(refused).toMatchObject({ status: 'failed', exit: { kind: 'exited' } })
  const log = stripVTControlCharacters(await ci.log(refused))
  expect(log).toMatch(/1 passed in /)
  expect(log).toContain('congratulations :)')
  expect(log).toContain('NoCredentialsError: Unable to locate credentials')
  // The last line that is about the command; then comes the build's end.
  const [advice, end] = log.trimEnd().split('\n').slice(-2)
  expect(advice).toMatch(/^▸ This command has no AWS credentials\. Move .* "deploy"/)
  expect(end).toMatch(/^▸ The build failed after /)
  expect((await ci.statuses('ada/hello', commit)).at(-1)).toMatch(/^failure /)
  expect((await functionOf('dev')).CodeSha256).toBe(before.CodeSha256)

  for (const [name, value] of Object.entries(CREDENTIALS)) {
    const set = ['secret', 'set', name, 'ada/hello', '--data', join(ci.directory, 'data')]
    expect(await lambci(set, { input: value })).toMatchObject({ exitCode: 0 })
  }
  await ci.push(at, 'ada/hello', 'master')
  const deployed = await ci.ended({ project: PROJECT, number: 2 })
  const second = stripVTControlCharacters(await ci.log(deployed))
  expect(second).toContain('Calling update for stage dev..')
  expect(second).toContain('Your updated Zappa deployment is live!')
  expect(second).not.toContain(CREDENTIALS.AWS_SECRET_ACCESS_KEY)
  expect(deployed.status).toBe('passed')
  // What Zappa has packed: the app, Flask, and Zappa's handler.
  const after = await functionOf('dev')
  expect(after.Handler).toBe('handler.lambda_handler')
  expect(after.CodeSize).toBeGreaterThan(1_000_000)
  expect(second.indexOf('congratulations :)')).toBeLessThan(second.indexOf('Calling update'))
})
