import { join } from 'node:path'
import { FUNCTIONS, isPackage, ROOT } from '../../src/cli/installation.ts'
import type { JobTrust } from '../../src/model/trust.ts'
import type { FailureRecord } from '../lambda/async-policy.ts'
import type { FunctionDefinition } from '../lambda/definition.ts'
import type { Stack } from './stack.ts'

export const STACK = 'lambci'
export const functionName = (role: 'http' | 'report' | `run-${JobTrust}`) => `${STACK}-${role}`

export type FunctionOptions = {
  /** The local AWS endpoints, and credentials of the function's role. */
  environmentOf: (roleArn: string, functionName: string) => Record<string, string>
  /** Publishes a failure record to a topic with the rights of the function's role. */
  onFailure: (topicArn: string, roleArn: string, record: FailureRecord) => Promise<void>
  /** The module of an entry. Default: its source file, or its bundle in the package. */
  moduleOf?: (entry: Entry) => string
  /** The program that runs the modules (FunctionDefinition). */
  bootstrap?: string
  /** The parent directory of the build functions' sandbox directories. */
  sandboxes: string
  /** The timeout of the build functions in ms. Default: the template's. */
  buildTimeoutMs?: number
  /** Further environment variables of all functions. */
  environment?: Readonly<Record<string, string>>
  /** Maximum number of sandboxes per build function. Default 2. */
  concurrency?: number
  /** Maximum number of sandboxes of http, and of report. Default 4: more do not speed up one machine. */
  hostConcurrency?: number
  /** See `FunctionDefinition`. */
  mixesTenants?: boolean
}

type StackFunction = Stack['functions'][number]

const ENTRIES = ['http', 'report', 'run'] as const
export type Entry = (typeof ENTRIES)[number]

/** Saves a quarter of the time from a push to the end of a first build. A checkout's command line shares the directory. */
const CHECKOUT_CACHE = join(ROOT, 'node_modules', '.cache', 'lambci')

const moduleOfEntry = (entry: Entry) =>
  isPackage ? join(FUNCTIONS, entry, 'index.js') : join(ROOT, 'src', 'functions', `${entry}.ts`)

/** The functions that the template declares, run from source, or in the package from bundles. */
export const functionsOf = (stack: Stack, options: FunctionOptions): FunctionDefinition[] =>
  stack.functions.map(declared => definitionOf(declared, options))

function definitionOf(declared: StackFunction, options: FunctionOptions): FunctionDefinition {
  const {
    FunctionName: name,
    Role: role,
    MemorySize,
    Timeout,
    Environment,
    TenancyConfig,
    invocation,
  } = declared
  const entry = ENTRIES.find(each => name.startsWith(`${STACK}-${each}`))
  if (!entry)
    throw new Error(`The template declares the function ${name}, which has no entry module in src/functions`)
  const {
    environmentOf,
    onFailure,
    sandboxes,
    buildTimeoutMs,
    concurrency = 2,
    hostConcurrency = 4,
  } = options
  const { moduleOf = moduleOfEntry } = options
  const isBuild = entry === 'run'
  const topic = invocation?.DestinationConfig?.OnFailure.Destination
  return {
    name,
    handler: { module: moduleOf(entry), export: 'handler' },
    bootstrap: options.bootstrap,
    environment: {
      // The package may be read-only.
      NODE_COMPILE_CACHE: isPackage ? join(sandboxes, '..', 'compiled') : CHECKOUT_CACHE,
      ...(isPackage && { LAMBCI_CODE_CACHE: join(sandboxes, '..', 'code') }),
      ...Environment.Variables,
      // People read the local log as it is written.
      LAMBCI_LOG_FORMAT: 'text',
      ...environmentOf(role, name),
      ...options.environment,
    },
    memoryMb: MemorySize,
    timeoutMs: (isBuild && buildTimeoutMs) || Timeout * 1000,
    concurrency: isBuild ? concurrency : hostConcurrency,
    sharesSandboxes: !isBuild,
    isolatesTenants: TenancyConfig !== undefined,
    mixesTenants: options.mixesTenants ?? false,
    ...(invocation && {
      maximumRetryAttempts: invocation.MaximumRetryAttempts,
      maximumEventAgeSeconds: invocation.MaximumEventAgeInSeconds,
    }),
    ...(topic && { onFailure: (record: FailureRecord) => onFailure(topic, role, record) }),
    // On Lambda, each sandbox has its own /tmp.
    ...(isBuild && { sandboxEnvironment: (id: string) => ({ LAMBCI_SANDBOX: join(sandboxes, id) }) }),
  }
}
