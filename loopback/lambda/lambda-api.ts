import type { IncomingMessage } from 'node:http'
import { JsonError, refusalOf } from '../aws-json/json-error.ts'
import { type Guard, requireAccess, requireCaller } from '../iam/guard.ts'
import { listen, readBody } from '../loopback.ts'
import { ASYNC_PAYLOAD_LIMIT, functionArn, type Location } from './definition.ts'

export type LambdaApiOptions = Location & {
  port?: number
  guard: Guard
  /** Whether a function of this name exists. */
  has(name: string): boolean
  /** Accepts an event for an existing function. */
  invokeAsync(name: string, payload: unknown, tenantId?: string): Promise<unknown>
}

const ROUTE = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/

/**
 * Lambda's HTTP API on loopback: asynchronous invocations.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export async function startLambdaApi(
  options: LambdaApiOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  return listen(
    async (request, response) => {
      try {
        await invoke(request, options)
        response.writeHead(202).end()
      } catch (error) {
        const { status, type, message } = refusalOf(error)
        response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
        response.end(JSON.stringify({ Type: 'User', Message: message }))
      }
    },
    { port: options.port },
  )
}

async function invoke(request: IncomingMessage, options: LambdaApiOptions): Promise<void> {
  const { guard, region } = options
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const [, target] = ROUTE.exec(url.pathname) ?? []
  const body = await readBody(request, ASYNC_PAYLOAD_LIMIT)
  if (!target || request.method !== 'POST' || url.search !== '')
    throw notImplemented(`${request.method} ${url.pathname}${url.search}`)
  if (!body)
    throw new JsonError(
      413,
      'RequestTooLargeException',
      'The event is larger than 1 MB, the limit of the queue.',
    )
  const accessKeyId = requireCaller(
    { request, body },
    { service: 'lambda', region, credentials: guard.credentials },
  )
  // A name, or an ARN without a version.
  const name = decodeURIComponent(target).split(':').at(-1) ?? ''
  const resource = functionArn(options, name)
  requireAccess(guard, accessKeyId, { action: 'lambda:InvokeFunction', resource })
  const type = request.headers['x-amz-invocation-type']
  if (type !== 'Event') throw notImplemented(`invocations of the type ${type}`)
  if (!options.has(name))
    throw new JsonError(404, 'ResourceNotFoundException', `Function not found: ${resource}`)
  const tenantId = request.headers['x-amz-tenant-id']
  // Repeated headers arrive joined by a comma, which tenant ids cannot contain.
  await options.invokeAsync(name, parse(body), tenantId === undefined ? undefined : String(tenantId))
}

const notImplemented = (what: string) =>
  new JsonError(501, 'NotImplemented', `The loopback Lambda does not implement ${what}.`)

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    throw new JsonError(400, 'InvalidRequestContentException', 'The event is not JSON.')
  }
}
