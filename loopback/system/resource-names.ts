type Place = { partition: string; region: string; account: string }
type Described = { Type: string; Properties: Record<string, unknown> }
type Resolve = (value: unknown) => unknown

/** The property that names a resource of this type, and its ARN. */
const TYPES: Record<string, { name: string; arn: (name: string, place: Place) => string }> = {
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name, { partition }) => `arn:${partition}:s3:::${name}` },
  'AWS::SNS::Topic': { name: 'TopicName', arn: (name, place) => regional('sns', name, place) },
  'AWS::Lambda::Function': {
    name: 'FunctionName',
    arn: (name, place) => regional('lambda', `function:${name}`, place),
  },
  'AWS::Logs::LogGroup': {
    name: 'LogGroupName',
    arn: (name, place) => regional('logs', `log-group:${name}:*`, place),
  },
  'AWS::Scheduler::ScheduleGroup': {
    name: 'Name',
    arn: (name, place) => regional('scheduler', `schedule-group/${name}`, place),
  },
  'AWS::IAM::Role': {
    name: 'RoleName',
    arn: (name, { partition, account }) => `arn:${partition}:iam::${account}:role/${name}`,
  },
}

const regional = (service: string, rest: string, { partition, region, account }: Place) =>
  `arn:${partition}:${service}:${region}:${account}:${rest}`

/** What `Ref` says of a resource: its name, or a topic's ARN. */
export function referenceTo(resource: Described, resolve: Resolve, place: Place): string {
  return resource.Type === 'AWS::SNS::Topic' ? arnOf(resource, resolve, place) : nameOf(resource, resolve)
}

/** What `Fn::GetAtt` says of a resource. */
export function attributeOf(resource: Described, attribute: string, resolve: Resolve, place: Place): string {
  if (['Arn', 'TopicArn'].includes(attribute)) return arnOf(resource, resolve, place)
  if (attribute === 'TopicName') return nameOf(resource, resolve)
  // Only AWS knows it; here the function URL has an address of its own.
  if (attribute === 'FunctionUrl') return 'https://function-url.invalid/'
  throw new Error(`The attribute ${attribute} of a ${resource.Type} is not known here`)
}

function arnOf(resource: Described, resolve: Resolve, place: Place): string {
  return typeOf(resource).arn(nameOf(resource, resolve), place)
}

function nameOf(resource: Described, resolve: Resolve): string {
  const name = resolve(resource.Properties[typeOf(resource).name])
  if (typeof name === 'string') return name
  throw new Error(`A ${resource.Type} of the template has no name of its own`)
}

function typeOf({ Type }: Described) {
  const type = Object.hasOwn(TYPES, Type) ? TYPES[Type] : undefined
  if (type) return type
  throw new Error(`References to a ${Type} are not known here`)
}
