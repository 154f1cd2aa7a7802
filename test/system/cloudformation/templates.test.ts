import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Engine, RegoEngine, TemplateFile } from '@aws/cloudformation-validate'
import { afterAll, describe, expect, test } from 'vitest'
import { readStack } from '../../../loopback/system/stack.ts'
import { evaluateTemplate, type Resource } from '../../../loopback/system/template.ts'
import { LONGEST_RUN_SECONDS, LONGEST_WAIT_SECONDS } from '../../../src/admission/deadlines.ts'
import { LEASE_SECONDS } from '../../../src/records/lease.ts'

const ACCOUNT = '123456789012'
const pathOf = (name: string) => join(import.meta.dirname, '..', '..', '..', 'cloudformation', `${name}.yaml`)
const PARAMETERS = {
  ArtifactBucket: 'artifacts',
  HttpBundle: 'http.zip',
  ReportBundle: 'report.zip',
  BuildImage: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/lambci:1`,
}
const fill = (name: string, stack: string, parameters: Record<string, string> = {}) =>
  evaluateTemplate(readFileSync(pathOf(name), 'utf8'), {
    stack,
    account: ACCOUNT,
    region: 'us-east-1',
    parameters: { ...PARAMETERS, ...parameters },
  })
const { resources } = fill('lambci', 'lambci')
const stack = readStack({ resources, outputs: {} }, ACCOUNT)
const ofType = (type: string): Resource[] => resources.filter(resource => resource.type === type)
const namesOf = (type: string, property: string) => ofType(type).map(({ properties }) => properties[property])

/** AWS's validator, which takes seconds to start. */
let validator: Engine | undefined
afterAll(() => validator?.free())

describe.each(['lambci', 'bootstrap'])('%s.yaml', name => {
  test('AWS’s validator reports no errors', () => {
    validator ??= new RegoEngine()
    const { diagnostics } = validator.validateStandard(new TemplateFile(pathOf(name)))
    const errors = diagnostics.filter(
      ({ severity, ruleId }) =>
        ['FATAL', 'ERROR'].includes(severity.toUpperCase()) || ['W3030', 'W2531'].includes(ruleId),
    )
    expect(errors.map(({ ruleId, message }) => `${ruleId} ${message}`)).toEqual([])
  })

  test('every parameter has a description and a label, every output a description', () => {
    const text = readFileSync(pathOf(name), 'utf8')
    const section = (title: string) => new RegExp(`\\n${title}:\\n((?: .*\\n|\\n)+)`).exec(text)?.[1] ?? ''
    const entries = (title: string) =>
      section(title)
        .split(/\n(?= {2}\w+:\n)/)
        .map(entry => [/\w+/.exec(entry)?.[0] ?? '', entry] as const)
    for (const [parameter, entry] of entries('Parameters')) {
      expect(entry, parameter).toMatch(/\n {4}Description:/)
      expect(text).toMatch(new RegExp(`\\n {6}${parameter}: \\{ default: `))
    }
    for (const [output, entry] of entries('Outputs')) expect(entry, output).toMatch(/\n {4}Description:/)
  })

  test('Resource "*" is allowed only for actions without resource-level permissions', () => {
    const text = readFileSync(pathOf(name), 'utf8')
    const onEverything = [...text.matchAll(/Action: (.+)\n +Resource: '\*'/g)].map(([, action]) => action)
    expect(onEverything).toEqual(name === 'bootstrap' ? ['ecr:GetAuthorizationToken'] : [])
    const rights = [
      ...text.matchAll(/Effect: Allow\n(?: +Principal: .+\n)? +Action: (.+)\n/g),
      ...text.matchAll(/Effect: Allow\n +Action:\n((?: +- .+\n)+)/g),
      ...text.matchAll(/Effect: Allow, (?:Principal: \{[^}]*\}, )?Action: (\[[^\]]*\]|[^,\s]+)/g),
    ]
    // None is written in another way.
    expect(rights).toHaveLength(text.match(/Effect: Allow/g)?.length ?? 0)
    expect(rights.length).toBeGreaterThan(4)
    for (const [, action] of rights) expect(action).not.toContain('*')
  })
})

test('functions time out early enough and fit into the quotas of a new account', () => {
  for (const { properties } of ofType('AWS::Lambda::Function')) {
    expect(Number(properties.Timeout)).toBeLessThanOrEqual(LONGEST_RUN_SECONDS)
    expect(Number(properties.MemorySize)).toBeLessThanOrEqual(3008)
    expect(properties).not.toHaveProperty('ReservedConcurrentExecutions')
  }
  const reserved = fill('lambci', 'lambci', { BuildConcurrency: '5' }).resources
  expect(reserved.filter(({ properties }) => properties.ReservedConcurrentExecutions === '5')).toHaveLength(4)
  const own = fill('lambci', 'lambci', { OwnConcurrency: '20' }).resources
  const withOwn = own.filter(({ properties }) => properties.ReservedConcurrentExecutions === '20')
  expect(withOwn.map(({ id }) => id)).toEqual(['HttpFunction', 'ReportFunction'])
  // Otherwise a report could still run after its lease was acquired by another.
  const report = stack.functions.find(({ FunctionName }) => FunctionName === 'lambci-report')
  expect(report?.Timeout).toBeLessThan(LEASE_SECONDS)
})

test('a build is never retried, is dropped before its credentials expire, and its death is published', () => {
  const jobs = stack.functions.filter(({ FunctionName }) => FunctionName.includes('-run-'))
  expect(jobs).toHaveLength(4)
  for (const { invocation } of jobs) {
    expect(invocation).toMatchObject({
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: LONGEST_WAIT_SECONDS,
      DestinationConfig: { OnFailure: { Destination: `arn:aws:sns:us-east-1:${ACCOUNT}:lambci-failures` } },
    })
  }
  expect(LONGEST_WAIT_SECONDS + LONGEST_RUN_SECONDS).toBeLessThan(3600)
  const report = stack.functions.find(({ FunctionName }) => FunctionName === 'lambci-report')
  expect(report?.invocation?.MaximumRetryAttempts).toBe(2)
})

/** The properties of a run function but for what names its trust, and its tenants. */
function runFunction(trust: string, name = `run-${trust}`, from = resources) {
  const { Description, TenancyConfig, ...properties } = propertiesOf(`lambci-${name}`, from)
  const text = JSON.stringify(properties)
    .replace(`"FunctionName":"lambci-${name}"`, '')
    .replaceAll(`run-${trust}`, 'build')
    .replace(/,"LAMBCI_ISOLATION":"(tenant|process)"/, '')
    .replace(`"LAMBCI_TRUST":"${trust}"`, '')
  return { text, TenancyConfig }
}
const propertiesOf = (functionName: string, from = resources): Record<string, unknown> =>
  from.find(
    ({ type, properties }) => type === 'AWS::Lambda::Function' && properties.FunctionName === functionName,
  )?.properties ?? {}

test('the run functions differ only in their trust level, and those of deploy branches and deploys isolate tenants', () => {
  const { text } = runFunction('fork')
  for (const trust of ['fork', 'branch'])
    expect(runFunction(trust)).toEqual({ text, TenancyConfig: undefined })
  for (const trust of ['protected', 'deploy'])
    expect(runFunction(trust)).toEqual({ text, TenancyConfig: { TenantIsolationMode: 'PER_TENANT' } })
  // A topic could name no tenant: http and report invoke the others.
  const subscribed = stack.subscriptions.filter(({ TopicArn }) => TopicArn.endsWith(':lambci-jobs'))
  expect(subscribed.map(({ Endpoint, FilterPolicy }) => [Endpoint.split(':').at(-1), FilterPolicy])).toEqual(
    ['fork', 'branch'].map(trust => [`lambci-run-${trust}`, { trust: [trust] }]),
  )
})

describe.each([
  ['tenant', '', { TenantIsolationMode: 'PER_TENANT' }],
  ['process', '-shared', undefined],
])('with Isolation %s', (Isolation, suffix, TenancyConfig) => {
  const filled = fill('lambci', 'lambci', { Isolation }).resources
  const arnOf = (trust: string) => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:lambci-run-${trust}${suffix}`

  test.each(['protected', 'deploy'])('jobs of trust %s have a function of that kind', trust => {
    const name = `run-${trust}${suffix}`
    expect(runFunction(trust, name, filled)).toEqual({ text: runFunction('fork').text, TenancyConfig })
    expect(propertiesOf(`lambci-${name}`, filled).Environment).toMatchObject({
      Variables: { LAMBCI_ISOLATION: Isolation },
    })
    // Its log is kept as long as those of others.
    const logs = filled.filter(({ type }) => type === 'AWS::Logs::LogGroup')
    expect(logs.map(({ properties }) => properties.LogGroupName)).toContain(`/aws/lambda/lambci-${name}`)
  })

  test('http and report invoke these functions, and http starts no deploys', () => {
    const [http, report] = ['http', 'report'].map(name => propertiesOf(`lambci-${name}`, filled).Environment)
    const shared = { LAMBCI_PROTECTED_FUNCTION: arnOf('protected'), LAMBCI_ISOLATION: Isolation }
    expect(report).toMatchObject({ Variables: { ...shared, LAMBCI_DEPLOY_FUNCTION: arnOf('deploy') } })
    expect(http).toMatchObject({ Variables: shared })
    expect(JSON.stringify(http)).not.toContain('run-deploy')
  })
})

test('every caller of a function has permission to invoke it', () => {
  const permissions = ofType('AWS::Lambda::Permission').map(({ properties }) => properties)
  const arnOf = (name: string) => `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${name}`
  const expectPermission = (Principal: string, FunctionName: string, more: object) =>
    expect(permissions).toContainEqual(expect.objectContaining({ Principal, FunctionName, ...more }))
  for (const { Endpoint, TopicArn, Protocol } of stack.subscriptions)
    if (Protocol === 'lambda') expectPermission('sns.amazonaws.com', Endpoint, { SourceArn: TopicArn })
  for (const { Function: target } of stack.bucket.NotificationConfiguration.LambdaConfigurations)
    expectPermission('s3.amazonaws.com', target, {
      SourceArn: `arn:aws:s3:::${stack.bucket.BucketName}`,
      SourceAccount: ACCOUNT,
    })
  const open = { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' }
  expectPermission('*', arnOf('lambci-http'), open)
  expectPermission('*', arnOf('lambci-http'), {
    Action: 'lambda:InvokeFunction',
    InvokedViaFunctionUrl: true,
  })
  // Nothing else is public.
  expect(permissions.filter(({ Principal }) => Principal === '*')).toHaveLength(2)
})

test('each function has a log with a retention period, and a small environment', () => {
  const functions = namesOf('AWS::Lambda::Function', 'FunctionName')
  expect(namesOf('AWS::Logs::LogGroup', 'LogGroupName').toSorted()).toEqual(
    functions.map(name => `/aws/lambda/${name}`).toSorted(),
  )
  for (const days of namesOf('AWS::Logs::LogGroup', 'RetentionInDays')) expect(Number(days)).toBe(30)
  for (const { Environment } of stack.functions)
    expect(JSON.stringify(Environment.Variables).length).toBeLessThan(4096)
})

test('records and counters never expire; deliveries, caches, artifacts, self-tests and abandoned uploads do', () => {
  const [bucket] = ofType('AWS::S3::Bucket')
  const lifecycle = bucket?.properties.LifecycleConfiguration
  const { Rules } = lifecycle as { Rules: Record<string, unknown>[] }
  const expiring = Rules.filter(rule => 'ExpirationInDays' in rule)
  expect(expiring.map(({ Prefix }) => Prefix)).toEqual(['deliveries/', 'cache/', 'out/', 'self-test/'])
  expect(Rules.some(rule => 'AbortIncompleteMultipartUpload' in rule)).toBe(true)
})

test('alarms are sent to the email address, if there is one', () => {
  const actionsOf = (NotificationEmail: string) =>
    fill('lambci', 'lambci', { NotificationEmail })
      .resources.filter(({ type }) => type === 'AWS::CloudWatch::Alarm')
      .map(({ properties }) => properties.AlarmActions)
  expect(new Set(actionsOf('').map(String))).toEqual(new Set(['undefined']))
  for (const actions of actionsOf('you@example.com'))
    expect(actions).toEqual([`arn:aws:sns:us-east-1:${ACCOUNT}:lambci-notifications`])
})

/** The metrics of an alarm, each as `namespace metric name`, where the name is the value of its only dimension. */
function metricsOf({ properties }: Resource): string[] {
  type Metric = { Namespace: string; MetricName: string; Dimensions: { Name: string; Value: string }[] }
  const { Metrics } = properties as { Metrics?: { MetricStat?: { Metric: Metric } }[] }
  const metrics = Metrics?.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []) ?? [properties as Metric]
  return metrics.map(({ Namespace, MetricName, Dimensions }) => {
    expect(Dimensions).toHaveLength(1)
    return `${Namespace} ${MetricName} ${Dimensions[0]?.Name}=${Dimensions[0]?.Value}`
  })
}

/** The metrics that these services publish, with the dimension by which each is published alone. From the pages that are linked. */
const PUBLISHED = [
  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
  /^AWS\/Lambda (Errors|Throttles|AsyncEventsDropped|DestinationDeliveryFailures) FunctionName=/,
  // https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
  /^AWS\/Lambda Url5xxCount FunctionName=/,
  // https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
  /^AWS\/SNS NumberOfNotificationsFailed TopicName=/,
  // https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
  /^AWS\/Scheduler InvocationDroppedCount ScheduleGroup=/,
]

test('alarms watch metrics that exist, of resources of this stack, and docs/operations.md explains each', () => {
  const alarms = ofType('AWS::CloudWatch::Alarm')
  const watched = alarms.flatMap(metricsOf)
  for (const metric of watched)
    expect(
      PUBLISHED.some(pattern => pattern.test(metric)),
      metric,
    ).toBe(true)
  const names = [
    ...namesOf('AWS::Lambda::Function', 'FunctionName'),
    ...namesOf('AWS::SNS::Topic', 'TopicName'),
    ...namesOf('AWS::Scheduler::ScheduleGroup', 'Name'),
  ]
  for (const metric of watched) expect(names).toContain(metric.split('=')[1])
  // A function URL answers 500 for a fault of http, which Lambda counts as no error.
  expect(watched).toContain('AWS/Lambda Url5xxCount FunctionName=lambci-http')
  expect(watched).toContain('AWS/Lambda Throttles FunctionName=lambci-http')
  for (const name of names.filter(name => String(name).startsWith('lambci-run-')))
    expect(watched).toContain(`AWS/Lambda DestinationDeliveryFailures FunctionName=${name}`)
  for (const topic of ['lambci-jobs', 'lambci-failures'])
    expect(watched).toContain(`AWS/SNS NumberOfNotificationsFailed TopicName=${topic}`)
  expect(watched).toContain('AWS/Scheduler InvocationDroppedCount ScheduleGroup=lambci')

  const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'operations.md'), 'utf8')
  const explained = [...text.matchAll(/^\| `(lambci-[a-z-]+)` \|/gm)].map(([, name]) => name)
  expect(explained.toSorted()).toEqual(alarms.map(({ properties }) => properties.AlarmName).toSorted())
  // What an alarm costs counts each of its metrics; ten are free in an account.
  expect(text).toContain(`The stack's alarms watch ${watched.length} metrics`)
})

/** The properties of the only resource of a type in the bootstrap stack. */
function ofBootstrap(type: string): Resource['properties'] {
  const found = fill('bootstrap', 'lambci-bootstrap').resources.filter(resource => resource.type === type)
  expect(found).toHaveLength(1)
  return found[0]?.properties ?? {}
}

test('bundles and templates never expire, because a failed update rolls back to them; sources of images do', () => {
  type Rule = { Prefix?: string; ExpirationInDays?: number }
  const { Rules } = ofBootstrap('AWS::S3::Bucket').LifecycleConfiguration as { Rules: Rule[] }
  const expiring = Rules.filter(({ ExpirationInDays }) => ExpirationInDays !== undefined)
  expect(expiring.map(({ Prefix }) => Prefix)).toEqual(['image/'])
})

test('three images are kept, and Lambda pulls them for functions of this account and region alone', () => {
  const { LifecyclePolicy, RepositoryPolicyText } = ofBootstrap('AWS::ECR::Repository') as {
    LifecyclePolicy: { LifecyclePolicyText: string }
    RepositoryPolicyText: { Statement: { Condition: object }[] }
  }
  const [rule] = JSON.parse(LifecyclePolicy.LifecyclePolicyText).rules
  // The one in use, the one of the deploy before, to which a failed update rolls back, and a new one.
  expect(rule.selection).toMatchObject({ countType: 'imageCountMoreThan', countNumber: 3 })
  expect(RepositoryPolicyText.Statement.map(({ Condition }) => Condition)).toEqual([
    {
      ArnLike: { 'aws:SourceArn': `arn:aws:lambda:us-east-1:${ACCOUNT}:function:*` },
      StringEquals: { 'aws:SourceAccount': ACCOUNT },
    },
  ])
})

test('the trust that the documents give to roles of jobs and deploys survives that the session role is created again', () => {
  for (const path of ['aws.md', join('stages', 'README.md')]) {
    const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', path), 'utf8')
    const policies = [...text.matchAll(/```json\n([^`]*"sts:AssumeRole"[^`]*)```/g)].map(([, json = '']) =>
      JSON.parse(json),
    )
    expect(policies, path).toHaveLength(1)
    // IAM turns the ARN of a role into its unique id where it is a principal, but not in a condition.
    expect(policies[0].Statement, path).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
        Action: 'sts:AssumeRole',
        Condition: { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/lambci-session` } },
      },
    ])
  }
})

test.each(['tenant', 'process'])(
  'the dashboard is valid JSON and shows only what this stack has (Isolation=%s)',
  Isolation => {
    const filled = fill('lambci', 'lambci', { Isolation }).resources
    const [dashboard, ...others] = filled.filter(({ type }) => type === 'AWS::CloudWatch::Dashboard')
    expect(others).toEqual([])
    expect(dashboard?.properties.DashboardName).toBe('lambci')
    type Widget = {
      type: string
      properties: { title: string; region: string; metrics?: string[][]; query?: string }
    }
    const { widgets }: { widgets: Widget[] } = JSON.parse(String(dashboard?.properties.DashboardBody))
    const metrics = widgets.flatMap(({ properties }) => properties.metrics ?? [])
    const functions = filled
      .filter(({ type }) => type === 'AWS::Lambda::Function')
      .map(({ properties }) => properties.FunctionName)
    const shown = new Set(metrics.flatMap(([, , , name]) => name ?? []))
    expect([...shown].toSorted()).toEqual(functions.toSorted())
    // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    for (const [namespace, name, dimension] of metrics) {
      expect(namespace).toBe('AWS/Lambda')
      expect(name).toMatch(
        /^(UrlRequestCount|Url[45]xxCount|Throttles|Invocations|Errors|AsyncEventsDropped|ConcurrentExecutions|Duration)$/,
      )
      expect(['FunctionName', undefined]).toContain(dimension)
    }
    for (const { properties } of widgets) expect(properties.region).toBe('us-east-1')
    const groups = filled
      .filter(({ type }) => type === 'AWS::Logs::LogGroup')
      .map(({ properties }) => properties.LogGroupName)
    const sources = widgets.flatMap(({ properties }) =>
      [...(properties.query ?? '').matchAll(/SOURCE '([^']+)'/g)].map(([, source]) => source),
    )
    expect(sources).toHaveLength(2)
    for (const source of sources) expect(groups).toContain(source)
  },
)
