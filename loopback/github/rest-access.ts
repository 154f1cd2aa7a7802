import type { Grant } from './app.ts'
import type { Access } from './credentials.ts'
import { notFound, RestError, type Route } from './rest-call.ts'

/** The App permission that a route requires. */
const PERMISSIONS: readonly [RegExp, string][] = [
  [/\/statuses\/:sha$|\/status(es)?$/, 'statuses'],
  [/\/check-(runs|suites)/, 'checks'],
  [/\/deployments/, 'deployments'],
  [/\/pulls/, 'pull_requests'],
  [/\/(commits|branches|contents|compare|git)\b/, 'contents'],
  [/^\/repos\/:owner\/:repo(\/collaborators\/:login\/permission)?$/, 'metadata'],
]

/** Only an App writes check runs, with an installation token. */
const isForApps = (method: string, pattern: string) =>
  method !== 'GET' && /\/check-runs(\/:id)?$/.test(pattern)

/** These routes require the App's JSON Web Token, which no other route accepts. */
const isAppRoute = (pattern: string) => /^\/app(\/|$)|\/installation$/.test(pattern)

/**
 * Checks that a request may be served. Writing requires the server's token. The clone token may only read. An installation token has the
 * rights that it was granted.
 * @throws RestError with status 401, 403 or 404 if not.
 */
export function checkAccess(
  { level, grant }: Access,
  { method, pattern }: Pick<Route, 'method' | 'pattern'>,
  parameters: Record<string, string>,
): void {
  if (level === 'invalid') throw new RestError(401, 'Bad credentials')
  if (isAppRoute(pattern) !== (level === 'app'))
    throw new RestError(
      401,
      isAppRoute(pattern) ? 'A JSON web token could not be decoded' : 'Bad credentials',
    )
  if (level === 'app') return
  if (grant) {
    checkGrant(grant, { method, pattern }, parameters)
    return
  }
  if (isForApps(method, pattern) && level === 'write')
    throw new RestError(403, 'You must authenticate via a GitHub App.')
  const isOpen = method === 'GET' && pattern !== '/user' && !/\/(hooks|collaborators)\b/.test(pattern)
  // Every token may look up its own user.
  if (isOpen || level === 'write' || (pattern === '/user' && level === 'read')) return
  throw level === 'none'
    ? new RestError(401, 'Requires authentication')
    : new RestError(403, 'Resource not accessible by personal access token')
}

function checkGrant(
  { repositories, permissions }: Grant,
  { method, pattern }: Pick<Route, 'method' | 'pattern'>,
  { owner = '', repo = '' }: Record<string, string>,
): void {
  const name = `${owner}/${repo}`.toLowerCase()
  if (repositories && !repositories.includes(name)) throw notFound()
  const required = PERMISSIONS.find(([expression]) => expression.test(pattern))?.[1] ?? ''
  const granted = permissions[required]
  if (granted === 'write' || (granted === 'read' && method === 'GET')) return
  throw new RestError(403, 'Resource not accessible by integration')
}
