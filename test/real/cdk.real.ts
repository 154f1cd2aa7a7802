import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { logOfJob, statusesOf, writeExample } from '../support/examples.ts'
import { roleOf } from '../support/roles.ts'
import { openTestSystem, type TestSystem } from '../support/test-system.ts'
import { type Aws, startAws } from './aws.ts'
import { BUILD_MS, toolVariables } from './tools.ts'

const PROJECT = 'gh/ada/notes'
/** Moto's. */
const ACCOUNT = '123456789012'

let ci: TestSystem
let aws: Aws
beforeAll(async () => {
  aws = await startAws()
  ci = await openTestSystem({ timeoutMs: BUILD_MS, deployRole: roleOf('notes-deploy') })
  const env = { ...toolVariables(), ...aws.variables }
  await putJson(ci.system.store, settingsKeys(PROJECT)[1], { env })
})
afterAll(async () => {
  await ci.close()
  await aws.close()
})

type Resources = { StackResources: { ResourceType: string; PhysicalResourceId: string }[] }
type Buckets = { Buckets: { Name: string }[] }

test('what was synthesized is deployed', async () => {
  const at = await writeExample(ci, 'cdk')
  // What "cdk bootstrap" makes, as far as a deploy looks for it.
  const version = ['--name', '/cdk-bootstrap/hnb659fds/version', '--value', '30']
  await aws.cli('ssm', 'put-parameter', '--type', 'String', ...version)
  await aws.cli('s3api', 'create-bucket', '--bucket', `cdk-hnb659fds-assets-${ACCOUNT}-us-east-1`)
  const commit = await ci.push(at, 'ada/notes', 'main')
  const view = await ci.ended({ project: PROJECT, number: 1 })
  expect(statusesOf(view)).toEqual({ test: 'passed', synth: 'passed', deploy: 'passed' })
  expect(view).toMatchObject({ status: 'passed', deploy: { stage: 'dev', status: 'succeeded' } })
  expect((await ci.statuses('ada/notes', commit)).at(-1)).toMatch(/^success /)

  const logs = await Promise.all(['test', 'synth', 'deploy'].map(title => logOfJob(ci, view, title)))
  const [tests = '', synth = '', deploy = ''] = logs.map(stripVTControlCharacters)
  expect(tests).toContain('ℹ pass 3')
  expect(synth).toContain('Successfully synthesized to ')
  expect(deploy).toContain('▸ Artifact synth')
  expect(deploy).toContain('✅  notes-dev')
  const { StackResources: resources } = await aws.cli<Resources>(
    ...['cloudformation', 'describe-stack-resources', '--stack-name', 'notes-dev'],
  )
  expect(resources.map(({ ResourceType }) => ResourceType).toSorted()).toEqual([
    'AWS::S3::Bucket',
    'AWS::SNS::Topic',
  ])
  const { Buckets: buckets } = await aws.cli<Buckets>('s3api', 'list-buckets')
  const bucket = resources.find(({ ResourceType }) => ResourceType === 'AWS::S3::Bucket')
  expect(buckets.map(({ Name }) => Name)).toContain(bucket?.PhysicalResourceId)
})
