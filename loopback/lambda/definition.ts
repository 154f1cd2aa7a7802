import type { FailureRecord } from './async-policy.ts'

/** A function, as `template.yml` would declare it. */
export type FunctionDefinition = {
  name: string
  handler: { module: string; export: string }
  /** The program that takes events and runs the handler. Default: `bootstrap.ts`. */
  bootstrap?: string | undefined
  environment: Record<string, string>
  /** Default 1024. Passed to the function, not enforced. */
  memoryMb?: number
  timeoutMs: number
  /** The maximum number of sandboxes, including those of all tenants. */
  concurrency: number
  /**
   * Whether events wait a moment for a busy sandbox before another one starts. Lambda starts one at once; on one machine, a process for
   * each event of a burst takes longer than the events.
   */
  sharesSandboxes?: boolean
  /**
   * `TenancyConfig: { TenantIsolationMode: PER_TENANT }`: each sandbox serves one tenant for its lifetime, and each invocation names its
   * tenant.
   */
  isolatesTenants?: boolean
  /** Whether its sandboxes serve all tenants after all, if isolation is not the point and many tenants start few events. */
  mixesTenants?: boolean
  /** 0 to 2, default 2. */
  maximumRetryAttempts?: number
  /** Default 21,600 (six hours). */
  maximumEventAgeSeconds?: number
  /** The failure destination: the name of a function, or a callback. */
  onFailure?: string | ((record: FailureRecord) => void | Promise<void>)
  /**
   * Further variables for each sandbox, such as its own directory. The values should contain the id, which marks the sandbox's processes.
   */
  sandboxEnvironment?: (sandboxId: string) => Record<string, string>
}

/** In bytes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const ASYNC_PAYLOAD_LIMIT = 1024 * 1024

export type OnLog = (functionName: string, requestId: string | null, line: string) => void

export type Location = { region: string; account: string }

export const functionArn = ({ region, account }: Location, name: string) =>
  `arn:aws:lambda:${region}:${account}:function:${name}`
