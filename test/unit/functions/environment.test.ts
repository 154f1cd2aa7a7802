import { expect, test } from 'vitest'
import { readEnvironment, switchTargetOf } from '../../../src/functions/environment.ts'
import { UserError } from '../../../src/model/user-error.ts'

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:lambci-jobs'
const WHOLE = { LAMBCI_BUCKET: 'my-builds', LAMBCI_JOBS_TOPIC: TOPIC, LAMBCI_SANDBOX: '/tmp' }

test('only the requested variables are read, with their defaults', () => {
  const env = { ...WHOLE, AWS_SECRET_ACCESS_KEY: 'x', LAMBCI_OTHER: 'y' }
  expect(
    readEnvironment(env, ['LAMBCI_STACK', 'LAMBCI_BUCKET', 'LAMBCI_GITHUB_URL', 'LAMBCI_GITHUB_API_URL']),
  ).toEqual({
    LAMBCI_STACK: 'lambci',
    LAMBCI_BUCKET: 'my-builds',
    LAMBCI_GITHUB_URL: 'https://github.com',
    LAMBCI_GITHUB_API_URL: 'https://api.github.com',
  })
})

test('all missing and invalid variables are named at once', () => {
  const read = () =>
    readEnvironment({ LAMBCI_SANDBOX: 'tmp' }, [
      'LAMBCI_BUCKET',
      'LAMBCI_JOBS_TOPIC',
      'LAMBCI_SANDBOX',
      'LAMBCI_STACK',
    ])
  expect(read).toThrow(UserError)
  expect(read).toThrow(
    'The function\'s environment is incomplete: LAMBCI_BUCKET is not set; LAMBCI_JOBS_TOPIC is not set; LAMBCI_SANDBOX is not valid ("tmp").',
  )
})

test.each([
  ['LAMBCI_BUCKET', 'My_Bucket'],
  ['LAMBCI_BUCKET', ''],
  ['LAMBCI_JOBS_TOPIC', 'lambci-jobs'],
  ['LAMBCI_JOBS_TOPIC', 'arn:aws:sqs:us-east-1:123456789012:lambci-jobs'],
  ['LAMBCI_STACK', '../x'],
  ['LAMBCI_STACK', '1st'],
  ['LAMBCI_GITHUB_URL', 'github.com'],
  ['LAMBCI_SANDBOX', '/'],
  ['LAMBCI_TRUST', 'deploys'],
  ['LAMBCI_DEPLOY_FUNCTION', 'lambci-run-deploy'],
  ['LAMBCI_DEPLOY_FUNCTION', 'arn:aws:lambda:us-east-1:123456789012:function:lambci-run-deploy:1'],
  ['LAMBCI_DEPLOY_FUNCTION', 'arn:aws:sns:us-east-1:123456789012:lambci-run-deploy'],
  ['LAMBCI_PROTECTED_FUNCTION', 'lambci-run-protected'],
  ['LAMBCI_ISOLATION', ''],
  ['LAMBCI_ISOLATION', 'none'],
] as const)('%s cannot be %j', (name, value) => {
  expect(() => readEnvironment({ ...WHOLE, [name]: value }, [name])).toThrow(
    `${name} is not valid ("${value}")`,
  )
})

test.each(['protected', 'branch', 'fork', 'deploy'])('a function may run jobs of trust %s', trust => {
  expect(readEnvironment({ LAMBCI_TRUST: trust }, ['LAMBCI_TRUST'])).toEqual({ LAMBCI_TRUST: trust })
})

test('unless the stack says otherwise, no function is invoked directly, and each branch and stage is a tenant of its own', () => {
  const names = ['LAMBCI_PROTECTED_FUNCTION', 'LAMBCI_DEPLOY_FUNCTION', 'LAMBCI_ISOLATION'] as const
  expect(readEnvironment({}, [...names])).toEqual({
    LAMBCI_PROTECTED_FUNCTION: '',
    LAMBCI_DEPLOY_FUNCTION: '',
    LAMBCI_ISOLATION: 'tenant',
  })
  const given = {
    LAMBCI_PROTECTED_FUNCTION: 'arn:aws-cn:lambda:cn-north-1:123456789012:function:lambci-run-protected',
    LAMBCI_DEPLOY_FUNCTION: 'arn:aws-cn:lambda:cn-north-1:123456789012:function:lambci-run-deploy',
    LAMBCI_ISOLATION: 'process',
  }
  expect(readEnvironment(given, [...names])).toEqual(given)
})

// Each upload and each attempt costs a request, or a part of GitHub's patience: docs/performance.md, docs/reliability.md.
test('unless the stack says otherwise, a log is sent once a second, and fetches are repeated after seconds', () => {
  const intervals = [
    'LAMBCI_CANCEL_POLL_MS',
    'LAMBCI_LOG_UPLOAD_MS',
    'LAMBCI_KILL_GRACE_MS',
    'LAMBCI_FETCH_RETRY_MS',
  ] as const
  expect(readEnvironment({}, [...intervals])).toEqual({
    LAMBCI_CANCEL_POLL_MS: 3000,
    LAMBCI_LOG_UPLOAD_MS: 1000,
    LAMBCI_KILL_GRACE_MS: 5000,
    LAMBCI_FETCH_RETRY_MS: 1000,
  })
})

test("the dead man's switch targets the topic's account, region and partition", () => {
  const topic = 'arn:aws-cn:sns:cn-north-1:123456789012:ci-jobs'
  expect(switchTargetOf({ LAMBCI_STACK: 'ci', LAMBCI_JOBS_TOPIC: topic })).toEqual({
    functionArn: 'arn:aws-cn:lambda:cn-north-1:123456789012:function:ci-report',
    roleArn: 'arn:aws-cn:iam::123456789012:role/ci-scheduler',
  })
})
