import { expect, test } from 'vitest'
import { functionsOf } from '../../system/functions.ts'
import { readStack } from '../../system/stack.ts'
import { evaluateTemplate } from '../../system/template.ts'

const ACCOUNT = '000000000000'
const template = (resources: string, mode = 'PER_TENANT') => `
Parameters:
  Isolated: { Type: String }
Conditions:
  IsolatesTenants: !Equals [!Ref Isolated, 'yes']
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: { BucketName: bucket, NotificationConfiguration: { LambdaConfigurations: [] } }
  Group: { Type: AWS::Scheduler::ScheduleGroup, Properties: { Name: group } }
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: topic } }
  RunFunction:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: lambci-run
      Role: arn:aws:iam::${ACCOUNT}:role/run
      MemorySize: 512
      Timeout: 60
      Environment: { Variables: {} }
      TenancyConfig: !If [IsolatesTenants, { TenantIsolationMode: ${mode} }, !Ref AWS::NoValue]
${resources}`

const read = (text: string, Isolated = 'yes') => {
  const deployment = { stack: 'lambci', account: ACCOUNT, region: 'us-east-1', parameters: { Isolated } }
  return readStack(evaluateTemplate(text, deployment), ACCOUNT)
}
const definitionsOf = (isolated: string) =>
  functionsOf(read(template(''), isolated), {
    environmentOf: () => ({}),
    onFailure: async () => {},
    sandboxes: '/nowhere',
  })

test('a function isolates tenants if the template says so', () => {
  expect(definitionsOf('yes')).toMatchObject([{ name: 'lambci-run', isolatesTenants: true }])
  expect(definitionsOf('no')).toMatchObject([{ name: 'lambci-run', isolatesTenants: false }])
})

test('an unknown mode is rejected', () => {
  expect(() => read(template('', 'PER_STAGE'))).toThrow(/TenantIsolationMode/)
})

const url = `
  Url: { Type: AWS::Lambda::Url, Properties: { TargetFunctionArn: !GetAtt RunFunction.Arn, AuthType: NONE } }`
const subscription = `
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: { TopicArn: !Ref Topic, Protocol: lambda, Endpoint: !GetAtt RunFunction.Arn }`
const notification =
  '{ Event: "s3:ObjectCreated:*", Function: !GetAtt RunFunction.Arn, Filter: { S3Key: { Rules: [] } } }'

test.each([
  ['a function URL', template(url)],
  [
    'the name of a function URL’s function',
    template(url.replace('!GetAtt RunFunction.Arn', '!Ref RunFunction')),
  ],
  ['a topic', template(subscription)],
  ['a bucket', template('').replace('Configurations: []', `Configurations: [${notification}]`)],
])('%s cannot invoke a function with tenant isolation', (_, text) => {
  expect(() => read(text)).toThrow('lambci-run has tenant isolation')
  expect(() => read(text, 'no')).not.toThrow()
})
