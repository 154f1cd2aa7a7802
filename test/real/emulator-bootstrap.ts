import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { killSandbox } from '../../loopback/lambda/sandbox-processes.ts'
import { findPorts, untilListening } from './ports.ts'
import { EMULATOR, RUNTIME_CLIENT } from './tools.ts'

/**
 * Stands in for `loopback/lambda/bootstrap.ts`: takes the events of a sandbox, and has AWS's Runtime Interface Emulator invoke the
 * function with them, whose handler AWS's runtime client for Node runs. A function's result is JSON; an error has an `errorType`.
 */
const { env } = process
const EVENTS = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`
const [MODULE = '', EXPORT = ''] = (env._HANDLER ?? '').split(/\.(?=[^.]*$)/)
/** A pipe that closes when the host exits. */
const HOST_PIPE_FD = 3

type Event = { id: string; tenant: string | null; remainingMs: number; body: string }

async function takeEvent(): Promise<Event> {
  const response = await fetch(`${EVENTS}/next`)
  const { headers } = response
  return {
    id: headers.get('lambda-runtime-aws-request-id') ?? '',
    tenant: headers.get('lambda-runtime-aws-tenant-id'),
    remainingMs: Number(headers.get('lambda-runtime-deadline-ms')) - Date.now(),
    body: await response.text(),
  }
}

/** Starts the emulator, which starts the runtime with its first event. Returns the URL at which it takes events. */
async function startEmulator(timeoutMs: number): Promise<string> {
  const [port = 0, apiPort] = await findPorts(2)
  const addresses = ['--runtime-interface-emulator-address', `127.0.0.1:${port}`]
  const api = ['--runtime-api-address', `127.0.0.1:${apiPort}`]
  const handler = `${basename(MODULE, '.js')}.${EXPORT}`
  const client = join(RUNTIME_CLIENT, 'node_modules', 'aws-lambda-ric', 'index.mjs')
  const runtime = [process.execPath, client, handler]
  const emulator = spawn(EMULATOR, [...addresses, ...api, ...runtime], {
    stdio: ['ignore', 'inherit', 'inherit'],
    cwd: dirname(MODULE),
    env: {
      ...env,
      _HANDLER: handler,
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(Math.ceil(timeoutMs / 1000)),
      LOG_LEVEL: 'warn',
    },
  })
  emulator.on('exit', () => process.exit(1))
  emulator.on('error', () => process.exit(1))
  await untilListening(port)
  return `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`
}

async function invoke(url: string, { id, tenant, body }: Event): Promise<void> {
  const headers = { 'X-Amzn-RequestId': id, ...(tenant !== null && { 'X-Amz-Tenant-Id': tenant }) }
  const response = await fetch(url, { method: 'POST', headers, body })
  const result = await response.text()
  const isError = !response.ok || /^\{"error(Type|Message)":/.test(result)
  await fetch(`${EVENTS}/${id}/${isError ? 'error' : 'response'}`, { method: 'POST', body: result })
}

const die = () => {
  try {
    killSandbox(env.AWS_LAMBDA_LOG_STREAM_NAME?.split(']').at(-1) ?? '', process.pid)
  } finally {
    process.exit(1)
  }
}
new Socket({ fd: HOST_PIPE_FD }).on('close', die).on('error', die).unref().resume()

const first = await takeEvent()
const url = await startEmulator(first.remainingMs)
for (let event = first; ; event = await takeEvent()) await invoke(url, event)
