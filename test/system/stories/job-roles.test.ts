import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLog } from '../../../src/log/reader.ts'
import { jobKeys, settingsKeys, variablesKeys } from '../../../src/records/keys.ts'
import type { View } from '../../../src/records/view.ts'
import { putJson } from '../../support/bucket.ts'
import { roleArn, SITE } from '../../support/roles.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

const ROLE = roleArn('site-jobs')
const DEPLOY_ROLE = roleArn('site-deploy')

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

/** What a deploy script of LambCI's days did from within `cmd`, with the real SDK. */
const DEPLOY_SCRIPT = `
const { MODULES, BUCKET, LAMBCI_BRANCH } = process.env
const load = name => import(\`\${MODULES}/@aws-sdk/\${name}/dist-cjs/index.js\`)
const { STSClient, GetCallerIdentityCommand } = await load('client-sts')
const { S3Client, PutObjectCommand } = await load('client-s3')
const { Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}))
console.log(\`I am \${Arn}\`)
const s3 = new S3Client({ forcePathStyle: true })
await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: \`${SITE}/\${LAMBCI_BRANCH}.txt\`, Body: 'live' }))
console.log('site is live')
`
/** The classic one: tests, and deploys what it likes. */
const DO_CI_BUILD = `#!/bin/bash
set -e
echo "testing $LAMBCI_BRANCH"
if [ "$LAMBCI_PULL_REQUEST" = "" ]; then node deploy.mjs; fi
`
const CLASSIC = { 'do_ci_build.sh': DO_CI_BUILD, 'deploy.mjs': DEPLOY_SCRIPT }

/** Where the SDK finds AWS. Never the machine's own metadata. */
const env = () => ({
  AWS_ENDPOINT_URL_S3: ci.system.addresses.s3,
  AWS_ENDPOINT_URL_STS: ci.system.addresses.sts,
  AWS_EC2_METADATA_DISABLED: 'true',
  MODULES: join(process.cwd(), 'node_modules'),
  BUCKET: ci.system.addresses.bucket,
})
type Story = { settings?: object; branch?: string; files?: Record<string, string> }
const push = async (
  repository: string,
  config: object,
  { settings, branch = 'master', files = {} }: Story = {},
) => {
  if (settings) await putJson(ci.system.store, settingsKeys(`gh/${repository}`)[1], settings)
  const at = await ci.write({ ...lambciJson('true', { cmd: undefined, env: env(), ...config }), ...files })
  const commit = await ci.push(at, repository, branch)
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  return { view, log: await ci.log(view), statuses: await ci.statuses(repository, commit) }
}
const logOf = async (view: View, title: string) => {
  const ref = view.jobs.find(each => each.title === title)?.ref
  if (!ref) throw new Error(`${title} has no log`)
  const { bytes } = await readLog(ci.system.store, jobKeys(view, ref).log, 0, 100_000)
  return Buffer.from(bytes).toString()
}

test('the classic do_ci_build deploys from within cmd with the role of its job', async () => {
  const { view, statuses } = await push(
    'roles/classic',
    { cmd: './do_ci_build.sh && env | grep ^AWS_S' },
    { settings: { jobRoles: { build: ROLE } }, files: CLASSIC },
  )
  const log = await logOf(view, 'build')
  expect(view, log).toMatchObject({ status: 'passed', reason: null })
  expect(view.jobs.map(({ title, status }) => `${title}: ${status}`)).toEqual(['build: passed'])
  expect(log).toContain(`The job acts as ${ROLE}\n`)
  expect(log).toContain(
    'I am arn:aws:sts::000000000000:assumed-role/site-jobs/roles.classic+build+1\nsite is live\n',
  )
  expect(log).toMatch(/^AWS_SECRET_ACCESS_KEY=\*\*\*/m)
  expect(log).toMatch(/^AWS_SESSION_TOKEN=\*\*\*/m)
  expect(statuses.at(-1)).toMatch(/^success lambci\/push: Passed in/)
  const { bytes } = await readLog(ci.system.store, jobKeys(view).log, 0, 100_000)
  expect(Buffer.from(bytes).toString()).toContain(
    `Role       ${ROLE}; every job of its branch can reach it; without tenant isolation, every deploy branch of every repository in this account\n`,
  )
})

test('the classic do_ci_build deploys with secret variables, and is one job of one invocation', async () => {
  const { accessKeyId, secretAccessKey, sessionToken } = ci.system.servers.sts.issue(ROLE)
  const [, own] = variablesKeys('gh/roles/secrets')
  await putJson(ci.system.store, own ?? '', {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  })
  const { view, log } = await push('roles/secrets', { cmd: './do_ci_build.sh' }, { files: CLASSIC })
  expect(view, log).toMatchObject({ status: 'passed', jobs: [] })
  expect(log).toContain('I am arn:aws:sts::000000000000:assumed-role/site-jobs/site-jobs\nsite is live\n')
})

test('without either, the last line of the runner says what to do', async () => {
  const { view, log } = await push('roles/neither', { cmd: './do_ci_build.sh' }, { files: CLASSIC })
  expect(view.status).toBe('failed')
  expect(log).toMatch(/CredentialsProviderError: Could not load credentials from any providers/)
  const advice = /▸ This command has no AWS credentials\. (.*)\n(?=▸ Build failed|▸ [^\n]*\n$)/.exec(log)
  expect(advice?.[1], log).toBe(
    'Move the deploy to "deploy", or give the job a role: lambci config set roles/neither jobRoles.build arn:aws:iam::… (docs/aws.md). Secret variables do as well: lambci secret set AWS_ACCESS_KEY_ID roles/neither',
  )
})

test('a build whose one job has a role ends like any other, and is deployed by a job of its own', async () => {
  const show = 'env | grep ^AWS_ACCESS || echo none'
  const config = { stages: { master: 'dev' }, deploy: 'echo deployed' }
  const settings = { jobRoles: { build: ROLE } }
  const own = await push('roles/own', { cmd: show, ...config }, { settings })
  expect(own.view).toMatchObject({ status: 'passed', deploy: { stage: 'dev', status: 'succeeded' } })
  expect(own.view.jobs.map(({ title, status }) => `${title}: ${status}`)).toEqual([
    'build: passed',
    'deploy: passed',
  ])
  expect(own.statuses.at(-1)).toMatch(
    /^success lambci\/push: Passed in \d[\d.]* s, deployed to dev · ~\$0\.\d+$/,
  )
  expect(await logOf(own.view, 'build')).toMatch(/^AWS_ACCESS_KEY_ID=ASIA/m)
  expect(await logOf(own.view, 'deploy')).toContain(`The deploy acts as ${DEPLOY_ROLE}\n`)
  const red = await push('roles/red', { cmd: 'exit 3', ...config }, { settings })
  expect(red.view).toMatchObject({ status: 'failed', deploy: null, exit: { kind: 'exited', code: 3 } })
  expect(red.view.log).toMatchObject({ complete: true })
  expect(red.statuses.at(-1)).toMatch(
    /^failure lambci\/push: Failed: exit 3 ended with exit code 3 · ~\$0\.\d+$/,
  )
})

test('jobs get roles by their names, and no other branch and no other job gets one', async () => {
  const show = 'env | grep ^AWS_ACCESS || echo none'
  const settings = {
    jobRoles: { integration: ROLE, e2e: { role: ROLE, branches: ['qa'] }, forged: DEPLOY_ROLE },
  }
  const jobs = {
    integration: show,
    e2e: { cmd: show, needs: 'integration' },
    lint: { cmd: show, needs: 'e2e' },
  }
  const forged = { forged: 'echo started' }
  const names = await push('roles/names', { jobs }, { settings })
  const topic = await push('roles/topic', { jobs }, { settings, branch: 'topic' })
  const refused = await push('roles/forged', { jobs: forged }, { settings })
  expect(names.view.status, names.log).toBe('passed')
  // The lead runs no job that gets a role.
  expect(names.view.jobs.map(({ ref }) => ref?.key)).toEqual([1, 2, 3])
  expect(await logOf(names.view, 'integration')).toMatch(/^AWS_ACCESS_KEY_ID=ASIA/m)
  for (const job of ['e2e', 'lint']) expect(await logOf(names.view, job)).toMatch(/^none$/m)
  expect(topic.view).toMatchObject({ status: 'passed', trust: 'branch' })
  for (const job of Object.keys(jobs)) expect(await logOf(topic.view, job)).toMatch(/^none$/m)
  expect(topic.log).toContain(
    'Job integration does not get its role: without "trust": "branch" in "jobRoles", only pushes to the account\'s "deployBranches" do.',
  )
  expect(refused.view).toMatchObject({ status: 'errored' })
  expect(refused.view.reason).toContain(
    `Role ${DEPLOY_ROLE} cannot be assumed (AccessDenied): add it to JobRoles, and let it trust the session role.`,
  )
  expect(await logOf(refused.view, 'forged')).not.toMatch(/^started$/m)
})
