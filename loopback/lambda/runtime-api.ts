import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { listen, readBody } from '../loopback.ts'
import {
  type FunctionError,
  failed,
  functionErrorSchema,
  type InvocationResult,
} from './invocation-result.ts'

/** An event as passed to a runtime. */
export type Invocation = {
  requestId: string
  payload: string
  tenantId: string | null
  deadline: number
  arn: string
  traceId: string
}

export type RuntimeListener = {
  /** The runtime is ready; call `respond` to pass it the next event. */
  next(respond: (invocation: Invocation) => void): void
  /** Returns false if no such invocation is running. */
  finished(requestId: string, result: InvocationResult): boolean
  initFailed(error: FunctionError): void
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const PAYLOAD_LIMIT = 6 * 1024 * 1024
const ROUTE = /^\/2018-06-01\/runtime\/(?:(init\/error)|invocation\/(?:(next)|([\w-]+)\/(response|error)))$/

/** The value of `AWS_LAMBDA_RUNTIME_API`: the server's host and port, and a path that nobody else on this machine knows. */
export type RuntimeApi = { address: string; close(): Promise<void> }

/**
 * Serves the Runtime API of one sandbox. No other sandbox, and no program that cannot read its environment, can take its events.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function serveRuntimeApi(listener: RuntimeListener): Promise<RuntimeApi> {
  const secret = Buffer.from(`/${randomBytes(24).toString('base64url')}`)
  const { url, close } = await listen(
    async (request, response) => {
      const path = Buffer.from(request.url ?? '')
      const given = path.subarray(0, secret.length)
      if (given.length === secret.length && timingSafeEqual(given, secret))
        await serve(listener, path.subarray(secret.length).toString(), request, response)
      else respondError(response, 404, 'There is no Runtime API at this path.')
    },
    // The runtime keeps one connection, which must not be closed just as it is used again.
    { keepAliveTimeoutMs: 0 },
  )
  return { address: `${new URL(url).host}${secret}`, close }
}

async function serve(
  listener: RuntimeListener,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, init, next, requestId = '', verb] = ROUTE.exec(path) ?? []
  if (request.method === 'GET' && next) return listener.next(invocation => respond(response, invocation))
  if (request.method !== 'POST' || (!init && !verb))
    return respondError(response, 404, `The Runtime API has no ${request.method} ${path}`)
  if (init) {
    listener.initFailed(await readError(request))
    return acknowledge(response)
  }
  const result: InvocationResult =
    verb === 'error' ? { ok: false, error: await readError(request) } : await readResult(request)
  if (!listener.finished(requestId, result)) return respondError(response, 400, 'Invalid request ID')
  acknowledge(response)
}

function respond(response: ServerResponse, invocation: Invocation) {
  response
    .writeHead(200, {
      'content-type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
      'Lambda-Runtime-Deadline-Ms': String(invocation.deadline),
      'Lambda-Runtime-Invoked-Function-Arn': invocation.arn,
      'Lambda-Runtime-Trace-Id': invocation.traceId,
      ...(invocation.tenantId !== null && { 'Lambda-Runtime-Aws-Tenant-Id': invocation.tenantId }),
    })
    .end(invocation.payload)
}

async function readResult(request: IncomingMessage): Promise<InvocationResult> {
  const body = await readBody(request, PAYLOAD_LIMIT)
  if (!body)
    return failed(
      'Function.ResponseSizeTooLarge',
      `Response payload size exceeded maximum allowed payload size (${PAYLOAD_LIMIT} bytes).`,
    )
  return parseJson(body, payload => ({ ok: true, payload }), failed('Runtime.MarshalError', 'Not JSON'))
}

async function readError(request: IncomingMessage): Promise<FunctionError> {
  const unknown: FunctionError = { errorType: 'Runtime.Unknown', errorMessage: 'Unknown' }
  const body = await readBody(request, PAYLOAD_LIMIT)
  return body ? parseJson(body, error => functionErrorSchema.parse(error), unknown) : unknown
}

function parseJson<T>(body: Buffer, use: (value: unknown) => T, otherwise: T): T {
  try {
    return use(JSON.parse(body.toString()))
  } catch {
    return otherwise
  }
}

const acknowledge = (response: ServerResponse) => {
  response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
}

const respondError = (response: ServerResponse, status: number, errorMessage: string) => {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ errorMessage, errorType: 'InvalidRequest' }))
}
