import { join } from 'node:path'
import { LONGEST_RUN_SECONDS, LONGEST_WAIT_SECONDS } from '../../admission/window.ts'
import type { Trust } from '../../job/job.ts'
import type { FunctionDefinition } from '../../local/lambda/definition.ts'

export const STACK = 'lambci'
export const functionName = (role: 'http' | 'report' | `build-${Trust}`) => `${STACK}-${role}`
export const TRUSTS: readonly Trust[] = ['fork', 'branch', 'deploy']

const entry = (name: string) => join(import.meta.dirname, '..', `${name}.ts`)

export type FunctionOptions = {
  environment: Record<string, string>
  /** Each sandbox of a build function gets a directory of its own in here. */
  sandboxes: string
  /** Milliseconds; Lambda's own limit by default. */
  buildTimeoutMs?: number
  /** Sandboxes of each build function at most. */
  concurrency?: number
}

/** The stack's five functions, as in AWS. */
export function functionsOf(options: FunctionOptions): FunctionDefinition[] {
  const { environment, sandboxes, buildTimeoutMs = LONGEST_RUN_SECONDS * 1000, concurrency = 2 } = options
  const builds = TRUSTS.map(
    (trust): FunctionDefinition => ({
      name: functionName(`build-${trust}`),
      handler: { module: entry('build'), export: 'handler' },
      environment,
      memoryMb: 2048,
      timeoutMs: buildTimeoutMs,
      concurrency,
      // A build is never run twice: what started may have deployed.
      maximumRetryAttempts: 0,
      maximumEventAgeSeconds: LONGEST_WAIT_SECONDS,
      onFailure: functionName('report'),
      sandboxEnvironment: id => ({ LAMBCI_SANDBOX: join(sandboxes, id) }),
    }),
  )
  const service = { environment, memoryMb: 512, concurrency: 4 }
  return [
    {
      ...service,
      name: functionName('http'),
      handler: { module: entry('http'), export: 'handler' },
      timeoutMs: 30_000,
    },
    {
      ...service,
      name: functionName('report'),
      handler: { module: entry('report'), export: 'handler' },
      timeoutMs: 120_000,
    },
    ...builds,
  ]
}
