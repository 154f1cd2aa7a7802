type AwsContext = { partition: string; region: string; account: string }
type ResourceDefinition = { Type: string; Properties: Record<string, unknown> }
type Resolve = (value: unknown) => unknown

/** Per resource type: the property that holds its name, and its ARN. */
const TYPES: Record<string, { name: string; arn: (name: string, context: AwsContext) => string }> = {
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name, { partition }) => `arn:${partition}:s3:::${name}` },
  'AWS::SNS::Topic': { name: 'TopicName', arn: (name, context) => regional('sns', name, context) },
  'AWS::Lambda::Function': {
    name: 'FunctionName',
    arn: (name, context) => regional('lambda', `function:${name}`, context),
  },
  'AWS::Logs::LogGroup': {
    name: 'LogGroupName',
    arn: (name, context) => regional('logs', `log-group:${name}:*`, context),
  },
  'AWS::Scheduler::ScheduleGroup': {
    name: 'Name',
    arn: (name, context) => regional('scheduler', `schedule-group/${name}`, context),
  },
  'AWS::ECR::Repository': {
    name: 'RepositoryName',
    arn: (name, context) => regional('ecr', `repository/${name}`, context),
  },
  'AWS::CodeBuild::Project': {
    name: 'Name',
    arn: (name, context) => regional('codebuild', `project/${name}`, context),
  },
  'AWS::IAM::Role': {
    name: 'RoleName',
    arn: (name, { partition, account }) => `arn:${partition}:iam::${account}:role/${name}`,
  },
}

const regional = (service: string, rest: string, { partition, region, account }: AwsContext) =>
  `arn:${partition}:${service}:${region}:${account}:${rest}`

/** The `Ref` value of a resource: its name, or the ARN of a topic. */
export function refValue(resource: ResourceDefinition, resolve: Resolve, context: AwsContext): string {
  return resource.Type === 'AWS::SNS::Topic' ? arnOf(resource, resolve, context) : nameOf(resource, resolve)
}

/** The `Fn::GetAtt` value of a resource. */
export function attributeOf(
  resource: ResourceDefinition,
  attribute: string,
  resolve: Resolve,
  context: AwsContext,
): string {
  if (['Arn', 'TopicArn'].includes(attribute)) return arnOf(resource, resolve, context)
  if (attribute === 'TopicName') return nameOf(resource, resolve)
  if (attribute === 'RepositoryUri') {
    const { account, region } = context
    return `${account}.dkr.ecr.${region}.amazonaws.com/${nameOf(resource, resolve)}`
  }
  // AWS generates this URL. The local one is known only after the start, and is not needed in the template.
  if (attribute === 'FunctionUrl') return 'https://function-url.invalid/'
  throw new Error(`The local system does not support the attribute ${attribute} of ${resource.Type}`)
}

function arnOf(resource: ResourceDefinition, resolve: Resolve, context: AwsContext): string {
  return typeOf(resource).arn(nameOf(resource, resolve), context)
}

function nameOf(resource: ResourceDefinition, resolve: Resolve): string {
  const name = resolve(resource.Properties[typeOf(resource).name])
  if (typeof name === 'string') return name
  throw new Error(`A ${resource.Type} of the template has no explicit name, which the local system requires`)
}

function typeOf({ Type }: ResourceDefinition) {
  const type = Object.hasOwn(TYPES, Type) ? TYPES[Type] : undefined
  if (type) return type
  throw new Error(`The local system does not support references to ${Type}`)
}
