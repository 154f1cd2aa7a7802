import { Agent, request } from 'node:http'
import { flushCompileCache } from 'node:module'
import { Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { loadBundle } from './bundle-loader.ts'
import type { FunctionError } from './invocation-result.ts'
import { killSandbox } from './sandbox-processes.ts'

/**
 * Stands in for Lambda's Node runtime: one process per sandbox, which loads the handler and then takes events from
 * the Runtime API, one at a time.
 */
const { env } = process
/** A pipe that closes when the host exits. */
const HOST_PIPE_FD = 3

type RuntimeResponse = { headers: NodeJS.Dict<string | string[]>; body: string }
type Handler = (event: unknown, context: unknown) => unknown

// The host never closes an idle connection.
const agent = new Agent({ keepAlive: true })

function call(method: 'GET' | 'POST', path: string, body?: string): Promise<RuntimeResponse> {
  return new Promise((resolve, reject) => {
    const url = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/${path}`
    const outgoing = request(url, { method, agent }, async response => {
      try {
        const chunks = await response.toArray()
        resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() })
      } catch (error) {
        reject(error)
      }
    })
    outgoing.on('error', reject).end(body)
  })
}

/** The host has exited, so this process must kill its sandbox itself. */
function die(): never {
  try {
    killSandbox(env.AWS_LAMBDA_LOG_STREAM_NAME?.split(']').at(-1) ?? '', process.pid)
  } finally {
    process.exit(1)
  }
}

function describe(error: unknown, errorType?: string): FunctionError {
  if (!(error instanceof Error))
    return { errorType: errorType ?? typeof error, errorMessage: String(error), trace: [] }
  const trace = (error.stack ?? '').split('\n')
  return { errorType: errorType ?? error.name, errorMessage: error.message, trace }
}

let requestId: string | null = null
/** Called after each event. */
let onServed = () => {}

/** Reports an error of the current invocation, or of the initialisation if there is none yet. */
async function report(error: FunctionError) {
  console.error(error.trace?.length ? error.trace.join('\n') : `${error.errorType}: ${error.errorMessage}`)
  await call('POST', requestId ? `invocation/${requestId}/error` : 'init/error', JSON.stringify(error))
}

async function crash(error: FunctionError) {
  await report(error).catch(die)
  process.exit(129)
}

async function load(): Promise<Handler> {
  const dot = (env._HANDLER ?? '').lastIndexOf('.')
  const [path, name] = [env._HANDLER?.slice(0, dot) ?? '', env._HANDLER?.slice(dot + 1) ?? '']
  const module = await importModule(path)
  const handler = module[name]
  if (typeof handler === 'function') return handler as Handler
  throw Object.assign(new Error(`${name} is undefined or not exported by ${path}`), {
    name: 'Runtime.HandlerNotFound',
  })
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  if (!env.LAMBCI_CODE_CACHE) return import(pathToFileURL(path).href)
  const { exports, save } = loadBundle(path, env.LAMBCI_CODE_CACHE)
  onServed = save
  return exports
}

const IMPORT_ERRORS: Record<string, string> = {
  ERR_MODULE_NOT_FOUND: 'Runtime.ImportModuleError',
  ERR_INVALID_TYPESCRIPT_SYNTAX: 'Runtime.UserCodeSyntaxError',
}

function contextOf(headers: RuntimeResponse['headers']) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  return {
    awsRequestId: requestId,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    tenantId: headers['lambda-runtime-aws-tenant-id'],
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  }
}

async function serve(handler: Handler) {
  for (;;) {
    const { headers, body } = await call('GET', 'invocation/next').catch(die)
    requestId = String(headers['lambda-runtime-aws-request-id'])
    env._X_AMZN_TRACE_ID = String(headers['lambda-runtime-trace-id'])
    try {
      const result = await handler(JSON.parse(body), contextOf(headers))
      await call('POST', `invocation/${requestId}/response`, JSON.stringify(result) ?? 'null')
      onServed()
    } catch (error) {
      await report(describe(error)).catch(die)
    }
  }
}

new Socket({ fd: HOST_PIPE_FD }).on('close', die).on('error', die).unref().resume()
process.on('uncaughtException', error => crash(describe(error)))
process.on('unhandledRejection', error => crash(describe(error, 'Runtime.UnhandledPromiseRejection')))

async function start() {
  const handler = await load().catch((error: NodeJS.ErrnoException) =>
    crash(describe(error, IMPORT_ERRORS[error.code ?? ''])),
  )
  // Node writes its compile cache when a process ends by itself, which this one never does.
  flushCompileCache()
  if (handler) await serve(handler)
}

void start()
