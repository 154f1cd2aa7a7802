import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { BIN, PYTHON } from './tools.ts'

const REGION = 'us-east-1'
const TIMEOUT_MS = 120_000
/** Moto takes any. */
export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}

/** Runs the AWS CLI with these variables. Returns what it writes to its standard output. */
export async function runAws(args: readonly string[], variables: Record<string, string>): Promise<string> {
  const env = { AWS_DEFAULT_REGION: REGION, AWS_EC2_METADATA_DISABLED: 'true', ...variables }
  const { stdout } = await execa(join(BIN, 'aws'), args, { env, timeout: TIMEOUT_MS })
  return stdout
}

/** An AWS on loopback, by moto: Lambda, API Gateway, CloudFormation, IAM, SSM and more. */
export type Aws = {
  /** Variables with which AWS's tools find it. */
  variables: Record<string, string>
  /** Runs the AWS CLI. Returns its answer. */
  cli<T>(...args: string[]): Promise<T>
  close(): Promise<void>
}

/** @throws Error if it does not start */
export async function startAws(): Promise<Aws> {
  const python = join(PYTHON, 'bin', 'python')
  const server = spawn(python, [join(import.meta.dirname, 'aws_server.py')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = once(server, 'exit')
  const lines = once(createInterface(server.stdout), 'line') as Promise<[string]>
  const [url] = await Promise.race([
    lines,
    ended.then(() => Promise.reject(new Error(`moto does not start: try ${python} test/real/aws_server.py`))),
  ])
  const variables = {
    AWS_ENDPOINT_URL: url,
    // CloudFormation of moto reads templates by S3's own names.
    AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION: `https://s3.${REGION}.amazonaws.com`,
  }
  return {
    variables,
    cli: async (...args) => {
      const output = await runAws([...args, '--output', 'json'], { ...variables, ...CREDENTIALS })
      return JSON.parse(output || 'null')
    },
    close: async () => {
      server.stdin.end()
      await ended
    },
  }
}
