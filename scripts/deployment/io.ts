import type { Bundles } from './bundles.ts'

/** The streams, environment and commands of a deploy. */
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
/** The output of an AWS CLI command, and whether it failed. */
export type AwsOutput = { failed: boolean; stdout: string; stderr: string }
