import * as z from 'zod'
import { type PolicyDocument, policySchema } from '../iam/policy.ts'
import type { Template } from './template.ts'

/** The part of the stack that the local system implements, with CloudFormation's property names. */
export type Stack = {
  roles: { name: string; arn: string; trust: PolicyDocument; policies: PolicyDocument[] }[]
  bucket: z.infer<typeof bucketSchema> & { policy: PolicyDocument | null }
  topics: string[]
  subscriptions: z.infer<typeof subscriptionSchema>[]
  functions: (z.infer<typeof functionSchema> & { invocation: z.infer<typeof invocationSchema> | null })[]
  scheduleGroup: string
  outputs: Readonly<Record<string, string>>
}

const inlinePolicy = z.object({ PolicyDocument: policySchema })
const roleSchema = z.object({
  RoleName: z.string(),
  AssumeRolePolicyDocument: policySchema,
  Policies: z.array(inlinePolicy).default([]),
})
const rolePolicySchema = inlinePolicy.extend({ RoleName: z.string() })
const ruleSchema = z.object({
  Event: z.literal('s3:ObjectCreated:*'),
  Function: z.string(),
  Filter: z.object({
    S3Key: z.object({ Rules: z.array(z.object({ Name: z.enum(['prefix', 'suffix']), Value: z.string() })) }),
  }),
})
const bucketSchema = z.object({
  BucketName: z.string(),
  NotificationConfiguration: z.object({ LambdaConfigurations: z.array(ruleSchema) }),
})
const subscriptionSchema = z.object({
  TopicArn: z.string(),
  Protocol: z.string(),
  Endpoint: z.string(),
  FilterPolicy: z.record(z.string(), z.unknown()).optional(),
})
const functionSchema = z.object({
  FunctionName: z.string(),
  Role: z.string(),
  MemorySize: z.coerce.number(),
  Timeout: z.coerce.number(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
  TenancyConfig: z.strictObject({ TenantIsolationMode: z.literal('PER_TENANT') }).optional(),
})
const urlSchema = z.object({ TargetFunctionArn: z.string() })
const invocationSchema = z.object({
  FunctionName: z.string(),
  MaximumRetryAttempts: z.coerce.number(),
  MaximumEventAgeInSeconds: z.coerce.number(),
  DestinationConfig: z.object({ OnFailure: z.object({ Destination: z.string() }) }).optional(),
})

/**
 * @throws ZodError if a resource uses properties in a way that the local system does not support.
 * @throws Error if something invokes a function with tenant isolation, but cannot give it a tenant id.
 */
export function readStack({ resources, outputs }: Template, account: string): Stack {
  const all = <T>(type: string, schema: z.ZodType<T>): T[] =>
    resources.filter(resource => resource.type === type).map(({ properties }) => schema.parse(properties))
  const only = <T>(type: string, schema: z.ZodType<T>): T => {
    const [found] = all(type, schema)
    if (!found) throw new Error(`The template has no ${type}`)
    return found
  }
  const attached = all('AWS::IAM::RolePolicy', rolePolicySchema)
  const invocations = all('AWS::Lambda::EventInvokeConfig', invocationSchema)
  const bucketPolicies = all('AWS::S3::BucketPolicy', inlinePolicy)
  const functions = all('AWS::Lambda::Function', functionSchema)
  const subscriptions = all('AWS::SNS::Subscription', subscriptionSchema)
  const bucket = only('AWS::S3::Bucket', bucketSchema)
  assertTenants(functions, [
    ...subscriptions.map(({ Endpoint }) => Endpoint),
    ...bucket.NotificationConfiguration.LambdaConfigurations.map(each => each.Function),
    ...all('AWS::Lambda::Url', urlSchema).map(({ TargetFunctionArn }) => TargetFunctionArn),
  ])
  return {
    roles: all('AWS::IAM::Role', roleSchema).map(role => ({
      name: role.RoleName,
      arn: `arn:aws:iam::${account}:role/${role.RoleName}`,
      trust: role.AssumeRolePolicyDocument,
      policies: [...role.Policies, ...attached.filter(({ RoleName }) => RoleName === role.RoleName)].map(
        ({ PolicyDocument }) => PolicyDocument,
      ),
    })),
    bucket: {
      ...bucket,
      policy: bucketPolicies[0]?.PolicyDocument ?? null,
    },
    topics: all('AWS::SNS::Topic', z.object({ TopicName: z.string() })).map(({ TopicName }) => TopicName),
    subscriptions,
    functions: functions.map(found => ({
      ...found,
      invocation: invocations.find(({ FunctionName }) => FunctionName === found.FunctionName) ?? null,
    })),
    scheduleGroup: only('AWS::Scheduler::ScheduleGroup', z.object({ Name: z.string() })).Name,
    outputs,
  }
}

/**
 * Function URLs, topics and buckets cannot invoke a function with tenant isolation.
 * https://docs.aws.amazon.com/lambda/latest/dg/tenant-isolation.html#tenant-isolation-features
 * @param invoked the names or ARNs of the functions that they invoke
 */
function assertTenants(functions: z.infer<typeof functionSchema>[], invoked: string[]): void {
  const names = new Set(invoked.map(target => target.split(':').at(-1)))
  for (const { FunctionName, TenancyConfig } of functions)
    if (TenancyConfig && names.has(FunctionName))
      throw new Error(
        `${FunctionName} has tenant isolation, so no function URL, topic or bucket of the template may invoke it`,
      )
}
