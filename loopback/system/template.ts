import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CollectionTag, parse, type ScalarTag, type Tags, YAMLMap } from 'yaml'
import * as z from 'zod'
import { ROOT } from '../../src/cli/installation.ts'
import { FUNCTIONS, type Intrinsics, resolveValue } from './intrinsics.ts'

/** A stack's name, account and region, and its parameters. Those with a default may be missing. */
export type Deployment = {
  stack: string
  account: string
  region: string
  parameters: Readonly<Record<string, string>>
}

export type Resource = { id: string; type: string; properties: Record<string, unknown> }

/** A template as CloudFormation would deploy it: parameters inserted, conditions evaluated. */
export type Template = {
  resources: readonly Resource[]
  outputs: Readonly<Record<string, string>>
}

const FILE = join(ROOT, 'cloudformation', 'lambci.yaml')

const templateSchema = z.object({
  Parameters: z.record(z.string(), z.object({ Type: z.string(), Default: z.coerce.string().optional() })),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Condition: z.string().optional(),
      Properties: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  Outputs: z
    .record(z.string(), z.object({ Value: z.unknown(), Condition: z.string().optional() }))
    .default({}),
})
type Source = z.infer<typeof templateSchema>

/** Reads `cloudformation/lambci.yaml` and evaluates it for a deployment. */
export const readTemplate = async (deployment: Deployment): Promise<Template> =>
  evaluateTemplate(await readFile(FILE, 'utf8'), deployment)

/** @throws Error for a parameter without a value or an unsupported intrinsic function. */
export const evaluateTemplate = (text: string, deployment: Deployment): Template =>
  evaluate(parseTemplate(text), deployment)

/** The template that was parsed last: a process often reads the same one again. */
let last: { text: string; source: Source } | undefined

function parseTemplate(text: string): Source {
  if (last?.text !== text) {
    const source = templateSchema.parse(parse(text, { customTags: TAGS, intAsBigInt: false }))
    last = { text, source }
  }
  return last.source
}

function evaluate({ Parameters, Conditions, Resources, Outputs }: Source, deployment: Deployment): Template {
  const { stack, account, region, parameters } = deployment
  const values = Object.entries(Parameters).map(([name, { Type, Default }]) => {
    const value = parameters[name] ?? Default
    if (value === undefined) throw new Error(`The template's parameter ${name} has no value`)
    return [name, /^CommaDelimitedList|^List</.test(Type) ? splitList(value) : value] as const
  })
  const pseudo = {
    'AWS::StackName': stack,
    'AWS::AccountId': account,
    'AWS::Region': region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
  }
  const intrinsics: Intrinsics = {
    values: new Map<string, unknown>([...values, ...Object.entries(pseudo)]),
    conditions: Conditions,
    resources: Resources,
  }
  const isIncluded = ({ Condition }: { Condition?: string | undefined }) =>
    Condition === undefined || resolveValue({ Condition }, intrinsics) === true
  return {
    resources: Object.entries(Resources)
      .filter(([, resource]) => isIncluded(resource))
      .map(([id, { Type, Properties }]) => ({
        id,
        type: Type,
        properties: resolveValue(Properties, intrinsics) as Record<string, unknown>,
      })),
    outputs: Object.fromEntries(
      Object.entries(Outputs)
        .filter(([, output]) => isIncluded(output))
        .map(([name, { Value }]) => [name, String(resolveValue(Value, intrinsics))]),
    ),
  }
}

/** The names of a template's parameters. Those without a default are required. */
export function listParameters(text: string): { name: string; isRequired: boolean }[] {
  const { Parameters } = parseTemplate(text)
  return Object.entries(Parameters).map(([name, { Default }]) => ({
    name,
    isRequired: Default === undefined,
  }))
}

const splitList = (text: string) => (text === '' ? [] : text.split(',').map(item => item.trim()))

/** YAML tags that expand the short form of intrinsic functions, `!Sub x`, to `{"Fn::Sub": x}`. */
const TAGS: Tags = FUNCTIONS.flatMap(name => {
  const tag = `!${name.replace(/^Fn::/, '')}`
  const scalar: ScalarTag = {
    tag,
    resolve: text => ({ [name]: name === 'Fn::GetAtt' ? text.split('.') : text }),
  }
  const list: CollectionTag = {
    tag,
    collection: 'seq',
    resolve: items => {
      const map = new YAMLMap()
      map.set(name, items)
      return map
    },
  }
  return [scalar, list]
})
