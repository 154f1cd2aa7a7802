import { join } from 'node:path'
import type { Trust } from '../../src/model/build.ts'
import type { FailureRecord } from '../lambda/async-policy.ts'
import type { FunctionDefinition } from '../lambda/definition.ts'
import type { Stack } from './stack.ts'

export const STACK = 'lambci'
export const functionName = (role: 'http' | 'report' | `run-${Trust}`) => `${STACK}-${role}`

export type FunctionOptions = {
  /** Where AWS is here, and the keys of the function's own role. */
  environmentOf: (roleArn: string) => Record<string, string>
  /** Brings a failure record to a topic, by the rights of the function's role. */
  onFailure: (topicArn: string, roleArn: string, record: FailureRecord) => Promise<void>
  /** The module of an entry; by default its source. */
  moduleOf?: (entry: Entry) => string
  /** Each sandbox of a build function gets a directory of its own in here. */
  sandboxes: string
  /** Milliseconds; the template's by default. */
  buildTimeoutMs?: number
  /** Sandboxes of each build function at most. */
  concurrency?: number
}

type StackFunction = Stack['functions'][number]

const ENTRIES = ['http', 'report', 'run'] as const
export type Entry = (typeof ENTRIES)[number]

const sourceOf = (entry: Entry) => join(import.meta.dirname, '..', '..', 'src', 'functions', `${entry}.ts`)

/** The stack's five functions as the template declares them, run from source. */
export const functionsOf = (stack: Stack, options: FunctionOptions): FunctionDefinition[] =>
  stack.functions.map(declared => definitionOf(declared, options))

function definitionOf(declared: StackFunction, options: FunctionOptions): FunctionDefinition {
  const { FunctionName: name, Role: role, MemorySize, Timeout, Environment, invocation } = declared
  const entry = ENTRIES.find(each => name.startsWith(`${STACK}-${each}`))
  if (!entry) throw new Error(`The template's function ${name} has no entry`)
  const { environmentOf, onFailure, sandboxes, buildTimeoutMs, concurrency = 2 } = options
  const { moduleOf = sourceOf } = options
  const isBuild = entry === 'run'
  const topic = invocation?.DestinationConfig?.OnFailure.Destination
  return {
    name,
    handler: { module: moduleOf(entry), export: 'handler' },
    environment: { ...Environment.Variables, ...environmentOf(role) },
    memoryMb: MemorySize,
    timeoutMs: (isBuild && buildTimeoutMs) || Timeout * 1000,
    concurrency: isBuild ? concurrency : 10,
    ...(invocation && {
      maximumRetryAttempts: invocation.MaximumRetryAttempts,
      maximumEventAgeSeconds: invocation.MaximumEventAgeInSeconds,
    }),
    ...(topic && { onFailure: (record: FailureRecord) => onFailure(topic, role, record) }),
    // On Lambda each sandbox has a /tmp of its own.
    ...(isBuild && { sandboxEnvironment: (id: string) => ({ LAMBCI_SANDBOX: join(sandboxes, id) }) }),
  }
}
