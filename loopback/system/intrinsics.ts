import { attributeOf, referenceTo } from './resource-names.ts'

/** What the intrinsic functions of one template look up. */
export type Intrinsics = {
  /** Parameters and pseudo parameters. */
  values: ReadonlyMap<string, unknown>
  conditions: Readonly<Record<string, unknown>>
  resources: Readonly<Record<string, { Type: string; Properties: Record<string, unknown> }>>
}

type Apply = (argument: unknown, intrinsics: Intrinsics) => unknown

/** Stands for `AWS::NoValue`: the property is as if it had not been written. */
const NOTHING = Symbol('AWS::NoValue')

const list = (value: unknown): unknown[] => {
  if (Array.isArray(value)) return value
  throw new Error(`A list is expected in the template instead of ${JSON.stringify(value)}`)
}
/** The argument of a function, a list, with the functions within it applied. */
const resolvedList = (argument: unknown, intrinsics: Intrinsics) =>
  list(argument).map(item => resolveValue(item, intrinsics))

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html */
const APPLY: Record<string, Apply> = {
  Ref: (name, intrinsics) => refer(String(name), intrinsics),
  Condition: (name, intrinsics) => isTrue(name, intrinsics),
  'Fn::Sub': (argument, intrinsics) => {
    if (typeof argument !== 'string') throw new Error('Fn::Sub with a map is not known here')
    return argument.replace(/\$\{([A-Za-z0-9:.]+)\}/g, (_, name) => String(lookUp(name, intrinsics)))
  },
  'Fn::GetAtt': (argument, intrinsics) => lookUp(list(argument).join('.'), intrinsics),
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

/** By their long names. */
export const FUNCTIONS = Object.keys(APPLY)

/**
 * A value of a template with every intrinsic function in it applied.
 * @throws Error for a function or a name that is not known
 */
export function resolveValue(value: unknown, intrinsics: Intrinsics): unknown {
  if (Array.isArray(value))
    return value.map(item => resolveValue(item, intrinsics)).filter(item => item !== NOTHING)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [[name, argument] = ['', null]] = entries
  // `Condition` alone is a reference to one; in a statement of a policy it stands among other keys.
  if (entries.length === 1 && Object.hasOwn(APPLY, name)) return APPLY[name]?.(argument, intrinsics)
  if (name.startsWith('Fn::')) throw new Error(`The template's ${name} is not known here`)
  const resolved = entries.map(([key, item]) => [key, resolveValue(item, intrinsics)] as const)
  return Object.fromEntries(resolved.filter(([, item]) => item !== NOTHING))
}

function refer(name: string, intrinsics: Intrinsics): unknown {
  if (name === 'AWS::NoValue') return NOTHING
  if (intrinsics.values.has(name)) return intrinsics.values.get(name)
  const resource = intrinsics.resources[name]
  if (resource) return referenceTo(resource, value => resolveValue(value, intrinsics), placeOf(intrinsics))
  throw new Error(`The template names ${name}, which is neither a parameter nor a resource`)
}

/** `Name` or `Name.Attribute`, as in `${…}`. */
function lookUp(path: string, intrinsics: Intrinsics): unknown {
  const [name = '', ...attribute] = path.split('.')
  if (attribute.length === 0) return refer(name, intrinsics)
  const resource = intrinsics.resources[name]
  if (!resource) throw new Error(`The template names ${name}, which is no resource`)
  const resolve = (value: unknown) => resolveValue(value, intrinsics)
  return attributeOf(resource, attribute.join('.'), resolve, placeOf(intrinsics))
}

function isTrue(condition: unknown, intrinsics: Intrinsics): boolean {
  const name = String(condition)
  if (!Object.hasOwn(intrinsics.conditions, name)) throw new Error(`The template has no condition ${name}`)
  return resolveValue(intrinsics.conditions[name], intrinsics) === true
}

const placeOf = ({ values }: Intrinsics) => ({
  partition: String(values.get('AWS::Partition')),
  region: String(values.get('AWS::Region')),
  account: String(values.get('AWS::AccountId')),
})
