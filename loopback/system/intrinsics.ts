import { attributeOf, refValue } from './resource-names.ts'

/** The values that a template's intrinsic functions refer to. */
export type Intrinsics = {
  /** Parameters and pseudo parameters. */
  values: ReadonlyMap<string, unknown>
  conditions: Readonly<Record<string, unknown>>
  resources: Readonly<Record<string, { Type: string; Properties: Record<string, unknown> }>>
}

type Apply = (argument: unknown, intrinsics: Intrinsics) => unknown

/** The value of `AWS::NoValue`: the property is removed. */
const NO_VALUE = Symbol('AWS::NoValue')

const list = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value
  throw new Error(`The template must have a list instead of ${JSON.stringify(value)}`)
}
/** The list argument of a function, resolved. */
const resolvedList = (argument: unknown, intrinsics: Intrinsics) =>
  list(argument).map(item => resolveValue(item, intrinsics))

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html */
const APPLY: Record<string, Apply> = {
  Ref: (name, intrinsics) => resolveRef(String(name), intrinsics),
  Condition: (name, intrinsics) => isTrue(name, intrinsics),
  'Fn::Sub': (argument, intrinsics) => {
    if (typeof argument !== 'string') throw new Error('The local system does not support Fn::Sub with a map')
    return argument.replace(/\$\{([A-Za-z0-9:.]+)\}/g, (_, name) => String(resolvePath(name, intrinsics)))
  },
  'Fn::GetAtt': (argument, intrinsics) => resolvePath(list(argument).join('.'), intrinsics),
  'Fn::If': (argument, intrinsics) => {
    const [condition, yes, no] = list(argument)
    return resolveValue(isTrue(condition, intrinsics) ? yes : no, intrinsics)
  },
  'Fn::Equals': (argument, intrinsics) => {
    const [a, b] = resolvedList(argument, intrinsics)
    return String(a) === String(b)
  },
  'Fn::Not': (argument, intrinsics) => resolvedList(argument, intrinsics)[0] !== true,
  'Fn::And': (argument, intrinsics) => resolvedList(argument, intrinsics).every(item => item === true),
  'Fn::Or': (argument, intrinsics) => resolvedList(argument, intrinsics).some(item => item === true),
  'Fn::Join': (argument, intrinsics) => {
    const [separator, items] = resolvedList(argument, intrinsics)
    return list(items).join(String(separator))
  },
  'Fn::Split': (argument, intrinsics) => {
    const [separator, text] = resolvedList(argument, intrinsics)
    return String(text).split(String(separator))
  },
  'Fn::Select': (argument, intrinsics) => {
    const [index, items] = resolvedList(argument, intrinsics)
    return list(items)[Number(index)]
  },
}

/** The full names of the supported functions. */
export const FUNCTIONS = Object.keys(APPLY)

/**
 * Applies all intrinsic functions in a value of the template.
 * @throws Error for an unsupported function or an unknown name.
 */
export function resolveValue(value: unknown, intrinsics: Intrinsics): unknown {
  if (Array.isArray(value))
    return value.map(item => resolveValue(item, intrinsics)).filter(item => item !== NO_VALUE)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [[name, argument] = ['', null]] = entries
  // A single `Condition` key refers to a condition. In a policy statement, it is one of several keys.
  if (entries.length === 1 && Object.hasOwn(APPLY, name)) return APPLY[name]?.(argument, intrinsics)
  if (name.startsWith('Fn::'))
    throw new Error(`The local system does not support ${name}, which the template uses`)
  const resolved = entries.map(([key, item]) => [key, resolveValue(item, intrinsics)] as const)
  return Object.fromEntries(resolved.filter(([, item]) => item !== NO_VALUE))
}

function resolveRef(name: string, intrinsics: Intrinsics): unknown {
  if (name === 'AWS::NoValue') return NO_VALUE
  if (intrinsics.values.has(name)) return intrinsics.values.get(name)
  const resource = intrinsics.resources[name]
  if (resource) return refValue(resource, value => resolveValue(value, intrinsics), awsContext(intrinsics))
  throw new Error(`The template refers to ${name}, which is neither a parameter nor a resource`)
}

/** Resolves `Name` or `Name.Attribute`, as used in `${…}`. */
function resolvePath(path: string, intrinsics: Intrinsics): unknown {
  const [name = '', ...attribute] = path.split('.')
  if (attribute.length === 0) return resolveRef(name, intrinsics)
  const resource = intrinsics.resources[name]
  if (!resource) throw new Error(`The template refers to ${name}, which is not a resource`)
  const resolve = (value: unknown) => resolveValue(value, intrinsics)
  return attributeOf(resource, attribute.join('.'), resolve, awsContext(intrinsics))
}

function isTrue(condition: unknown, intrinsics: Intrinsics): boolean {
  const name = String(condition)
  if (!Object.hasOwn(intrinsics.conditions, name)) throw new Error(`The template has no condition ${name}`)
  return resolveValue(intrinsics.conditions[name], intrinsics) === true
}

const awsContext = ({ values }: Intrinsics) => ({
  partition: String(values.get('AWS::Partition')),
  region: String(values.get('AWS::Region')),
  account: String(values.get('AWS::AccountId')),
})
