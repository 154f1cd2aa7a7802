import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkCredentials } from './credentials.ts'
import type { Hub } from './hub.ts'
import { checkAccess } from './rest-access.ts'
import { appRoutes } from './rest-apps.ts'
import { type Answer, type Call, Refusal, type Route } from './rest-call.ts'
import { commitRoutes } from './rest-commits.ts'
import { deploymentRoutes } from './rest-deployments.ts'
import { hookRoutes } from './rest-hooks.ts'
import { pullRoutes } from './rest-pulls.ts'
import { repositoryRoutes } from './rest-repositories.ts'
import { statusRoutes } from './rest-statuses.ts'

const MAX_BODY_BYTES = 1_048_576
const HOUR_S = 3600
const LIMIT = 5000

/** `:name` is one part of a path, `:name+` one or more; a more particular route stands before a broader one. */
const compile = (pattern: string) =>
  new RegExp(
    `^${pattern.replace(/:(\w+)(\+?)/g, (_, name, more) => `(?<${name}>${more ? '.+' : '[^/]+'})`)}$`,
  )

const routes = [
  ...appRoutes,
  ...repositoryRoutes,
  ...statusRoutes,
  ...commitRoutes,
  ...pullRoutes,
  ...deploymentRoutes,
  ...hookRoutes,
].map(route => ({ ...route, expression: compile(route.pattern) }))

/** Answers requests to the REST API; the rate limit is counted, as its headers show, but not enforced. */
export function serveRest(hub: Hub) {
  let used = 0
  let reset = 0
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const now = Math.floor(Date.now() / 1000)
    if (now >= reset) [used, reset] = [0, now + HOUR_S]
    used++
    const limits = { limit: LIMIT, remaining: Math.max(0, LIMIT - used), used, reset, resource: 'core' }
    const rate = Object.entries(limits).map(([name, value]) => [`x-ratelimit-${name}`, String(value)])
    const { status, body, headers } = await answer(hub, request)
    const isRaw = body instanceof Uint8Array
    response.writeHead(status, {
      ...Object.fromEntries(rate),
      'content-type': isRaw ? 'application/octet-stream' : 'application/json; charset=utf-8',
      ...headers,
    })
    response.end(body === undefined || isRaw ? body : JSON.stringify(body))
  }
}

async function answer(hub: Hub, request: IncomingMessage): Promise<Answer> {
  try {
    const call = await readCall(hub, request)
    const { route, parameters } = findRoute(request.method ?? 'GET', call.url.pathname)
    checkAccess(call.access, route, parameters)
    return await route.answer({ ...call, parameters })
  } catch (error) {
    if (!(error instanceof Refusal)) console.error('The local GitHub failed:', error)
    const { status, message, errors } = error instanceof Refusal ? error : new Refusal(500, 'Server Error')
    const details = errors.length > 0 && { errors }
    return {
      status,
      body: {
        message,
        ...details,
        documentation_url: 'https://docs.github.com/rest',
        status: String(status),
      },
    }
  }
}

async function readCall(hub: Hub, request: IncomingMessage): Promise<Omit<Call, 'parameters'>> {
  const { authorization, accept = '' } = request.headers
  const { apiUrl } = hub.addresses
  const url = new URL(apiUrl)
  const [path = '', query = ''] = splitOnce(request.url ?? '/', '?')
  url.pathname = path
  url.search = query
  return {
    hub,
    url,
    accept,
    access: checkCredentials(authorization, hub.tokens, hub.app),
    body: await readJson(request),
  }
}

const splitOnce = (text: string, separator: string) => {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function findRoute(method: string, pathname: string): { route: Route; parameters: Record<string, string> } {
  const path = pathname.replace(/^\/api\/v3/, '').replace(/(.)\/$/, '$1') || '/'
  for (const { expression, ...route } of routes) {
    const match = route.method === method && expression.exec(path)
    if (match) return { route, parameters: decode(match.groups ?? {}) }
  }
  throw new Refusal(501, `The local GitHub has no ${method} ${path}: it knows only what lambci needs.`)
}

function decode(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch {
    throw new Refusal(
      400,
      'The path is not well-formed: a percent sign must be followed by UTF-8 in hexadecimal.',
    )
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    // Read on, so that the answer can be sent; but keep nothing more.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  if (size > MAX_BODY_BYTES) throw new Refusal(413, 'The body is longer than 1 MB.')
  const text = Buffer.concat(chunks).toString()
  try {
    return text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    throw new Refusal(400, 'Problems parsing JSON')
  }
}
