import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCurrent } from '../../src/records/deployments.ts'
import { settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { expireArtifacts, logOfJob, statusesOf, writeExample } from '../support/examples.ts'
import { lambci } from '../support/lambci.ts'
import { roleOf } from '../support/roles.ts'
import { openTestSystem, type TestSystem } from '../support/test-system.ts'
import { runAws } from './aws.ts'
import { BUILD_MS, toolVariables } from './tools.ts'

const PROJECT = 'gh/ada/site'
const BUCKET = 'arn:aws:s3:::dev.example.com'

let ci: TestSystem
let aws: (...args: string[]) => Promise<string>
beforeAll(async () => {
  const list = { Action: 's3:ListBucket', Resource: BUCKET }
  const write = { Action: ['s3:PutObject', 's3:DeleteObject'], Resource: `${BUCKET}/*` }
  ci = await openTestSystem({ timeoutMs: BUILD_MS, deployRole: roleOf('site-deploy', list, write) })
  const { s3, accessKeyId, secretAccessKey } = ci.system.addresses
  const env = { ...toolVariables(), AWS_ENDPOINT_URL_S3: s3 }
  await putJson(ci.system.store, settingsKeys(PROJECT)[1], { env })
  const account = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
  aws = (...args) => runAws(args, { AWS_ENDPOINT_URL_S3: s3, ...account })
})
afterAll(() => ci.close())

test('the AWS CLI copies what was built and checked, and removes what is gone', async () => {
  await aws('s3', 'mb', 's3://dev.example.com')
  const at = await writeExample(ci, 'static-site')
  const old = '<h1>Old</h1>\n'
  const first = await ci.push(at, 'ada/site', 'main', { 'pages/old.html': old })
  const view = await ci.ended({ project: PROJECT, number: 1 })
  expect(statusesOf(view)).toEqual({ build: 'passed', links: 'passed', deploy: 'passed' })
  expect(view.deploy).toMatchObject({ stage: 'dev', status: 'succeeded' })
  expect(await logOfJob(ci, view, 'deploy')).toContain(
    'upload: dist/index.html to s3://dev.example.com/index.html',
  )
  expect(await aws('s3', 'cp', 's3://dev.example.com/old.html', '-')).toContain('<title>Old</title>')
  expect(await readCurrent(ci.system.store, { project: PROJECT, stage: 'dev' })).toMatchObject({
    deployed: { commit: first },
  })

  await ci.git(at, 'rm', '--quiet', 'pages/old.html')
  const commit = await ci.push(at, 'ada/site', 'main')
  const second = await ci.ended({ project: PROJECT, number: 2 })
  expect(await logOfJob(ci, second, 'deploy')).toContain('delete: s3://dev.example.com/old.html')
  expect(await aws('s3', 'ls', 's3://dev.example.com/')).not.toContain('old.html')
  expect((await ci.statuses('ada/site', commit)).at(-1)).toMatch(/^success /)

  // What was built for the first push comes back, also after its artifacts have expired.
  await expireArtifacts(ci, PROJECT)
  const data = join(ci.directory, 'data')
  expect(await lambci(['rollback', 'ada/site', 'dev', '--data', data])).toMatchObject({ exitCode: 0 })
  const third = await ci.ended({ project: PROJECT, number: 3 })
  expect(third).toMatchObject({ status: 'passed', target: { stage: 'dev', of: 1 } })
  expect(statusesOf(third)).toEqual({ deploy: 'passed' })
  expect(await aws('s3', 'cp', 's3://dev.example.com/old.html', '-')).toContain('<title>Old</title>')
})
