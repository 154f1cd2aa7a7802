import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { BIN, PYTHON } from './tools.ts'

const REGION = 'us-east-1'
/** What moto takes for credentials: anything. */
export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}

export type Aws = {
  /** Variables with which AWS's tools find it. */
  variables: Record<string, string>
  /** Runs a program that finds it, with credentials. Returns its standard output. */
  run(file: string, args: readonly string[], options?: { cwd?: string }): Promise<string>
  /** Runs the AWS CLI. Returns its answer. */
  cli<T>(...args: string[]): Promise<T>
  close(): Promise<void>
}

/** Starts moto: an AWS on loopback with Lambda, API Gateway, CloudFormation, IAM, SSM and more. */
export async function startAws(): Promise<Aws> {
  const server = spawn(join(PYTHON, 'bin', 'python'), [join(import.meta.dirname, 'aws_server.py')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = once(server, 'exit')
  const started = once(createInterface(server.stdout), 'line') as Promise<[string]>
  const [url] = await Promise.race([started, ended.then(() => failToStart())])
  const variables = {
    AWS_ENDPOINT_URL: url,
    // CloudFormation of moto reads templates by S3's own names.
    AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION: `https://s3.${REGION}.amazonaws.com`,
    AWS_DEFAULT_REGION: REGION,
  }
  const run = async (file: string, args: readonly string[], { cwd }: { cwd?: string } = {}) => {
    const env = { ...variables, ...CREDENTIALS, AWS_REGION: REGION }
    const { stdout } = await execa(file, args, { env, timeout: 120_000, ...(cwd && { cwd }) })
    return String(stdout)
  }
  return {
    variables,
    run,
    cli: async (...args) => JSON.parse((await run(join(BIN, 'aws'), [...args, '--output', 'json'])) || 'null'),
    close: async () => {
      server.stdin.end()
      await ended
    },
  }
}

function failToStart(): never {
  throw new Error(`moto does not start. Try ${join(PYTHON, 'bin', 'python')} test/real/aws_server.py`)
}
