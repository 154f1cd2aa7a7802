import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CollectionTag, parse, type ScalarTag, type Tags, YAMLMap } from 'yaml'
import * as z from 'zod'
import { FUNCTIONS, type Intrinsics, resolveValue } from './intrinsics.ts'

/** Where a stack stands, and what its parameters say that have no default. */
export type Deployment = {
  stack: string
  account: string
  region: string
  parameters: Readonly<Record<string, string>>
}

export type Resource = { id: string; type: string; properties: Record<string, unknown> }

/** A template as CloudFormation would carry it out: its parameters filled in, its conditions decided. */
export type Template = {
  resources: readonly Resource[]
  outputs: Readonly<Record<string, string>>
}

const FILE = join(import.meta.dirname, '..', '..', 'cloudformation', 'lambci.yaml')

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

/** The template of the stack, filled in for one deployment of it. */
export const readTemplate = async (deployment: Deployment): Promise<Template> =>
  fillIn(await readFile(FILE, 'utf8'), deployment)

/** @throws Error for a parameter without a value, and for an intrinsic function that is not known here. */
export function fillIn(text: string, deployment: Deployment): Template {
  const { Parameters, Conditions, Resources, Outputs } = templateSchema.parse(
    parse(text, { customTags: TAGS, intAsBigInt: false }),
  )
  const { stack, account, region, parameters } = deployment
  const given = Object.entries(Parameters).map(([name, { Type, Default }]) => {
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
    values: new Map<string, unknown>([...given, ...Object.entries(pseudo)]),
    conditions: Conditions,
    resources: Resources,
  }
  const isThere = ({ Condition }: { Condition?: string | undefined }) =>
    Condition === undefined || resolveValue({ Condition }, intrinsics) === true
  return {
    resources: Object.entries(Resources)
      .filter(([, resource]) => isThere(resource))
      .map(([id, { Type, Properties }]) => ({
        id,
        type: Type,
        properties: resolveValue(Properties, intrinsics) as Record<string, unknown>,
      })),
    outputs: Object.fromEntries(
      Object.entries(Outputs)
        .filter(([, output]) => isThere(output))
        .map(([name, { Value }]) => [name, String(resolveValue(Value, intrinsics))]),
    ),
  }
}

/** The parameters of a template, and whether they must be given. */
export function parametersIn(text: string): { name: string; isRequired: boolean }[] {
  const { Parameters } = templateSchema.parse(parse(text, { customTags: TAGS }))
  return Object.entries(Parameters).map(([name, { Default }]) => ({
    name,
    isRequired: Default === undefined,
  }))
}

const splitList = (text: string) => (text === '' ? [] : text.split(',').map(item => item.trim()))

/** The short forms of the intrinsic functions, `!Sub x`, read as their long ones, `{"Fn::Sub": x}`. */
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
