import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, Hono } from 'hono'
import { TrieRouter } from 'hono/router/trie-router'
import { readBody } from '../loopback.ts'
import { checkCredentials } from './credentials.ts'
import type { Hub } from './hub.ts'
import { fullName } from './repositories.ts'
import { checkAccess } from './rest-access.ts'
import { appRoutes } from './rest-apps.ts'
import { type Call, notFound, RestError, type RestResponse, type Route } from './rest-call.ts'
import { checkRoutes } from './rest-checks.ts'
import { collaboratorRoutes } from './rest-collaborators.ts'
import { commitRoutes } from './rest-commits.ts'
import { compareRoutes } from './rest-compare.ts'
import { deploymentRoutes } from './rest-deployments.ts'
import { hookRoutes } from './rest-hooks.ts'
import { pullRoutes } from './rest-pulls.ts'
import { refRoutes } from './rest-refs.ts'
import { repositoryRoutes } from './rest-repositories.ts'
import { statusRoutes } from './rest-statuses.ts'

const MAX_BODY_BYTES = 1_048_576
const HOUR_S = 3600
const RATE_LIMIT = 5000

/** The first match wins, so specific routes precede general ones. */
export const REST_ROUTES = [
  ...appRoutes,
  ...repositoryRoutes,
  ...collaboratorRoutes,
  ...statusRoutes,
  ...checkRoutes,
  ...refRoutes,
  ...commitRoutes,
  ...compareRoutes,
  ...pullRoutes,
  ...deploymentRoutes,
  ...hookRoutes,
]

type Env = {
  /** The body is null if it was too large. */
  Bindings: { headers: IncomingMessage['headers']; body: Buffer | null }
  Variables: { call: Omit<Call, 'parameters'> }
}

/** Handles requests to the REST API. */
export function serveRest(hub: Hub) {
  const app = createApp(hub)
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', headers } = request
    const body = await readBody(request, MAX_BODY_BYTES)
    const answer = await app.fetch(new Request(urlOf(hub, request), { method }), { headers, body })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(await answer.bytes())
  }
}

/** The requested URL. Its origin is the server's address, whatever name the client uses for it. */
function urlOf({ addresses }: Hub, request: IncomingMessage): URL {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(request.url ?? '/') ?? []
  const url = new URL(addresses.apiUrl)
  url.pathname = path
  url.search = query
  return url
}

function createApp(hub: Hub): Hono<Env> {
  // For `commits/main/status`, Hono's default router chooses `commits/:ref{.+}`, whatever the order of the routes.
  const app = new Hono<Env>({ router: new TrieRouter(), getPath: getPathWith(hub) })
  const countRequest = startRateLimit()
  app.onError((error, c) => respond(c, describeError(error)))
  app.notFound(c => {
    throw notImplemented(c)
  })
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(countRequest())) c.header(`x-ratelimit-${name}`, String(value))
    c.set('call', readCall(hub, c))
    await next()
  })
  for (const route of REST_ROUTES) app.on(route.method, route.pattern, c => handle(c, route))
  return app
}

/**
 * Paths are matched as they are encoded: an encoded slash is part of a parameter. `/repositories/<id>` leads to the
 * repository with this id, whatever its name is now.
 */
const getPathWith =
  ({ repositories }: Hub) =>
  ({ url }: Request) => {
    const path = new URL(url).pathname.replace(/^\/api\/v3/, '').replace(/(.)\/$/, '$1') || '/'
    return path.replace(/^\/repositories\/(\d{1,15})(?=\/|$)/, (_, id) => {
      const repository = repositories.get(Number(id))
      return repository ? `/repos/${fullName(repository)}` : '/repos/./.'
    })
  }

/** The rate limit is reported in headers but not enforced. */
function startRateLimit() {
  let used = 0
  let reset = 0
  return () => {
    const now = Math.floor(Date.now() / 1000)
    if (now >= reset) [used, reset] = [0, now + HOUR_S]
    used++
    return { limit: RATE_LIMIT, remaining: Math.max(0, RATE_LIMIT - used), used, reset, resource: 'core' }
  }
}

function readCall(hub: Hub, { env, req }: Context<Env>): Omit<Call, 'parameters'> {
  const { authorization, accept = '' } = env.headers
  const access = checkCredentials(authorization, hub.tokens, hub.app)
  return { hub, url: new URL(req.url), accept, access, body: parseJson(env.body) }
}

function parseJson(body: Buffer | null): unknown {
  if (!body) throw new RestError(413, 'The request body exceeds 1 MiB.')
  const text = body.toString()
  try {
    return text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    throw new RestError(400, 'Problems parsing JSON')
  }
}

async function handle(c: Context<Env>, route: Route): Promise<Response> {
  // Hono answers HEAD with the route for GET.
  if (c.req.method !== route.method) throw notImplemented(c)
  const parameters = readParameters(c)
  const { call } = c.var
  const moved = redirect(call, route, parameters)
  if (moved) return respond(c, moved)
  checkAccess(call.access, route, parameters)
  return respond(c, await route.handle({ ...call, parameters }))
}

/**
 * Redirects a request with a former name to the address by id: 301 for GET, 307 otherwise.
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
 */
function redirect(
  { hub, access, url }: Omit<Call, 'parameters'>,
  route: Route,
  { owner = '', repo = '' }: Record<string, string>,
): RestResponse | null {
  const repository = route.pattern.startsWith('/repos/') ? hub.repositories.findRenamed(owner, repo) : null
  if (!repository) return null
  checkAccess(access, route, { owner: repository.owner, repo: repository.name })
  if (repository.private && access.level === 'none') throw notFound()
  const rest = url.pathname.replace(/^(\/api\/v3)?\/repos\/[^/]+\/[^/]+/, '')
  const location = `${hub.addresses.apiUrl}/repositories/${repository.id}${rest}${url.search}`
  const isGet = route.method === 'GET'
  const message = isGet ? 'Moved Permanently' : 'Temporary Redirect'
  return { status: isGet ? 301 : 307, headers: { location }, body: { message, url: location } }
}

/** Hono leaves invalid percent encodings unchanged; GitHub rejects them. */
function readParameters({ req }: Context<Env>): Record<string, string> {
  try {
    decodeURIComponent(req.path)
  } catch {
    throw new RestError(400, 'The path contains an invalid percent encoding. Encode it as UTF-8.')
  }
  return req.param()
}

const notImplemented = ({ req: { method, path } }: Context<Env>) =>
  new RestError(501, `The local GitHub does not implement ${method} ${path}, only what lambci needs.`)

function describeError(error: Error): RestResponse {
  if (!(error instanceof RestError)) console.error('Unexpected error in the local GitHub:', error)
  const { status, message, errors } = error instanceof RestError ? error : new RestError(500, 'Server Error')
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

function respond(c: Context<Env>, { status, body, headers }: RestResponse): Response {
  const isRaw = body instanceof Uint8Array
  const contentType = isRaw ? 'application/octet-stream' : 'application/json; charset=utf-8'
  const content = isRaw ? new Uint8Array(body) : body === undefined ? null : JSON.stringify(body)
  return c.newResponse(content, status, { 'content-type': contentType, ...headers })
}
