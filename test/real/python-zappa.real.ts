import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { execa } from 'execa'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { logOfJob, statusesOf, writeExample } from '../support/examples.ts'
import { lambci } from '../support/lambci.ts'
import { roleOf } from '../support/roles.ts'
import { openTestSystem, type TestSystem } from '../support/test-system.ts'
import { type Aws, CREDENTIALS, startAws } from './aws.ts'
import { BUILD_MS, PYTHON, toolVariables } from './tools.ts'

/** Who may assume the role of an app, in the form in which Zappa writes and reads it. */
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Sid: '',
      Effect: 'Allow',
      Principal: { Service: ['apigateway', 'lambda', 'events'].map(name => `${name}.amazonaws.com`) },
      Action: 'sts:AssumeRole',
    },
  ],
})
const JOB_ROLE = roleOf('hello-jobs')
const DEPLOY_ROLE = roleOf('hello-deploy')
const RECIPE = join(import.meta.dirname, '..', '..', 'docs', 'stages', 'zappa.md')

let ci: TestSystem
let aws: Aws
let at: string
beforeAll(async () => {
  aws = await startAws()
  const roles = { jobRole: JOB_ROLE, deployRole: DEPLOY_ROLE }
  ci = await openTestSystem({ timeoutMs: BUILD_MS, concurrency: 4, ...roles })
  at = await writeExample(ci, 'python-zappa')
})
afterAll(async () => {
  await ci.close()
  await aws.close()
})

type LambdaFunction = { Configuration: { CodeSize: number; Handler: string } }
const functionOf = async (stage: string) =>
  (await aws.cli<LambdaFunction>('lambda', 'get-function', '--function-name', `hello-${stage}`)).Configuration

/** The first deploy of a stage is done by hand. Here it has an archive that does nothing, for which Zappa makes no role. */
async function deployByHand(stage: string): Promise<void> {
  const role = `hello-${stage}-ZappaLambdaExecutionRole`
  await aws.cli('iam', 'create-role', '--role-name', role, '--assume-role-policy-document', TRUST)
  const empty = join(ci.directory, `${stage}.zip`)
  await writeFile(empty, zipSync({ empty: new Uint8Array() }))
  const env = { ...aws.variables, ...CREDENTIALS, AWS_EC2_METADATA_DISABLED: 'true' }
  const zappa = join(PYTHON, 'bin', 'zappa')
  await execa(zappa, ['deploy', stage, '--zip', empty], { cwd: at, env, timeout: BUILD_MS })
  expect((await functionOf(stage)).CodeSize).toBeLessThan(1000)
}

const set = async (...args: string[]) => {
  const input = args.pop() ?? ''
  const data = ['--data', join(ci.directory, 'data')]
  expect(await lambci([...args, ...data], { input })).toMatchObject({ exitCode: 0 })
}

/**
 * Builds a push of this repository. Returns the view of the build, and its log as plain text. Each has a working copy of its own, since
 * git lets only one at a time commit in the same.
 */
async function build(repository: string, branch: string, settings: object = {}, own: string | null = null) {
  const from = own ?? (await writeExample(ci, 'python-zappa'))
  const project = `gh/${repository}`
  const env = { ...toolVariables(), ...aws.variables }
  await putJson(ci.system.store, settingsKeys(project)[1], { env, ...settings })
  const commit = await ci.push(from, repository, branch)
  const view = await ci.ended({ project, number: 1 })
  const log = stripVTControlCharacters(await ci.log(view))
  const [status] = (await ci.statuses(repository, commit)).slice(-1)
  return { view, log, status }
}

/** The tests have passed, and after them Zappa has deployed the app with Flask and its own handler. */
async function expectDeployed({ view, log, status }: Awaited<ReturnType<typeof build>>, stage: string) {
  expect(log).toContain('congratulations :)')
  expect(log.indexOf('congratulations :)')).toBeLessThan(log.indexOf(`Calling update for stage ${stage}..`))
  expect(log).toContain('Your updated Zappa deployment is live!')
  expect(view.status).toBe('passed')
  expect(status).toMatch(/^success /)
  const { Handler, CodeSize } = await functionOf(stage)
  expect(Handler).toBe('handler.lambda_handler')
  expect(CodeSize).toBeGreaterThan(1_000_000)
}

test.concurrent('without credentials, the log of the classic script ends with what to do', async () => {
  const { view, log, status } = await build('ada/none', 'staging')
  expect(view).toMatchObject({ status: 'failed', exit: { kind: 'exited' } })
  expect(log).toMatch(/1 passed in /)
  expect(log).toContain('congratulations :)')
  expect(log).toContain('NoCredentialsError: Unable to locate credentials')
  // The last line that is about the command; then comes the build's end.
  const [advice, end] = log.trimEnd().split('\n').slice(-2)
  expect(advice).toMatch(
    /^▸ This command has no AWS credentials\. Move the deploy to "deploy", or give the job a role: /,
  )
  expect(end).toMatch(/^▸ The build failed after /)
  expect(status).toMatch(/^failure /)
})

test.concurrent('with secret variables it deploys from within "cmd"', async () => {
  for (const [name, value] of Object.entries(CREDENTIALS))
    await set('secret', 'set', name, 'ada/secrets', value)
  await deployByHand('dev')
  const built = await build('ada/secrets', 'master')
  await expectDeployed(built, 'dev')
  expect(built.log).not.toContain(CREDENTIALS.AWS_SECRET_ACCESS_KEY)
})

test.concurrent('with the role of its job it deploys from within "cmd"', async () => {
  await deployByHand('qa')
  await expectDeployed(await build('ada/role', 'qa', { jobRoles: { build: JOB_ROLE.arn } }), 'qa')
})

test.concurrent('by the recipe, only the deploy has credentials, and Zappa works in its virtual environment', async () => {
  const recipe = /```json\n([\s\S]*?)\n```/.exec(await readFile(RECIPE, 'utf8'))?.[1] ?? ''
  const from = await writeExample(ci, 'python-zappa')
  await writeFile(join(from, '.lambci.json'), recipe)
  await deployByHand('production')
  const built = await build('ada/recipe', 'production', {}, from)
  await expectDeployed(built, 'production')
  expect(statusesOf(built.view)).toEqual({ build: 'passed', deploy: 'passed' })
  expect(built.view.deploy).toMatchObject({ stage: 'production', status: 'succeeded' })
  const [tests, deploy] = await Promise.all(['build', 'deploy'].map(job => logOfJob(ci, built.view, job)))
  expect(tests).not.toContain('Calling update')
  expect(deploy).toContain(`▸ The deploy acts as ${DEPLOY_ROLE.arn}\n`)
  expect(deploy).not.toContain('congratulations')
})
