import type { Bundles } from './bundles.ts'

/** What a deploy reads, writes and runs outside of itself. */
export type Io = {
  stdin: NodeJS.ReadableStream
  stdout: Output
  stderr: Output
  env: Environment
  execAws: ExecAws
  /** Bundles the functions. */
  makeBundles(): Promise<Bundles>
  /** Milliseconds between two polls of a stack, a change set or a build. */
  pollMs: number
}

export type Output = { write(text: string): unknown }
export type Environment = Readonly<Record<string, string | undefined>>

/** Runs an AWS CLI command with these arguments. Does not throw if it fails. */
export type ExecAws = (args: readonly string[]) => Promise<AwsOutput>
/** What an AWS CLI command wrote, and whether it failed. */
export type AwsOutput = { failed: boolean; stdout: string; stderr: string }
