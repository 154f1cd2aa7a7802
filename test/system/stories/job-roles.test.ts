import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { policySchema } from '../../../loopback/iam/policy.ts'
import { readLog } from '../../../src/log/reader.ts'
import { jobKeys, runnerSecretsKey, settingsKeys, variablesKeys } from '../../../src/records/keys.ts'
import type { View } from '../../../src/records/view.ts'
import { putJson, readJson } from '../../support/bucket.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

const roleArn = (name: string) => `arn:aws:iam::000000000000:role/${name}`
const ROLE = roleArn('site-jobs')
const DEPLOY_ROLE = roleArn('site-deploy')
const SITE = 'site-of-the-tests'

const TRUST = policySchema.parse({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { AWS: roleArn('lambci-session') }, Action: 'sts:AssumeRole' },
})
const roleOf = (name: string) => ({
  name,
  arn: roleArn(name),
  trust: TRUST,
  policies: [
    policySchema.parse({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 's3:PutObject', Resource: `arn:aws:s3:::*/${SITE}/*` },
    }),
  ],
})
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({
    concurrency: 6,
    deployRole: roleOf('site-deploy'),
    jobRole: roleOf('site-jobs'),
    app: {
      id: 4711,
      slug: 'builder',
      owner: 'you',
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      permissions: { statuses: 'write', contents: 'read' },
    },
  })
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
    'ada/classic',
    { cmd: './do_ci_build.sh && env | grep ^AWS_S' },
    { settings: { jobRoles: { build: ROLE } }, files: CLASSIC },
  )
  const log = await logOf(view, 'build')
  expect(view, log).toMatchObject({ status: 'passed', reason: null })
  expect(view.jobs.map(({ title, status }) => `${title}: ${status}`)).toEqual(['build: passed'])
  expect(log).toContain(`The job acts as ${ROLE}\n`)
  expect(log).toContain(
    'I am arn:aws:sts::000000000000:assumed-role/site-jobs/lambci-build-1\nsite is live\n',
  )
  expect(log).toMatch(/^AWS_SECRET_ACCESS_KEY=\*\*\*/m)
  expect(log).toMatch(/^AWS_SESSION_TOKEN=\*\*\*/m)
  expect(statuses.at(-1)).toMatch(/^success lambci\/push: Passed in/)
  const { bytes } = await readLog(ci.system.store, jobKeys(view).log, 0, 100_000)
  expect(Buffer.from(bytes).toString()).toContain(
    `Role       ${ROLE}; every deploy branch of every repository in this account can reach it\n`,
  )
})
