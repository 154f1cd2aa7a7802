import type { Grant } from './app.ts'
import type { Access } from './credentials.ts'
import { notFound, Refusal, type Route } from './rest-call.ts'

/** The permission of an App's installation that a route takes; none of these opens any other. */
const PERMISSIONS: readonly [RegExp, string][] = [
  [/\/statuses\/:sha$|\/status(es)?$/, 'statuses'],
  [/\/deployments/, 'deployments'],
  [/\/pulls/, 'pull_requests'],
  [/\/(commits|branches|contents|compare|git)\b/, 'contents'],
  [/^\/repos\/:owner\/:repo$/, 'metadata'],
]

/** The App itself speaks by a JSON Web Token, and only here. */
const isAppRoute = (pattern: string) => /^\/app(\/|$)|\/installation$/.test(pattern)

/**
 * Whether a request may be answered: whoever writes needs the token; the clone token may read private repositories and
 * nothing else; an installation's token may what it was issued for.
 * @throws Refusal
 */
export function checkAccess(
  { level, grant }: Access,
  { method, pattern }: Pick<Route, 'method' | 'pattern'>,
  parameters: Record<string, string>,
): void {
  if (level === 'wrong') throw new Refusal(401, 'Bad credentials')
  if (isAppRoute(pattern) !== (level === 'app'))
    throw new Refusal(401, isAppRoute(pattern) ? 'A JSON web token could not be decoded' : 'Bad credentials')
  if (level === 'app') return
  if (grant) {
    checkGrant(grant, { method, pattern }, parameters)
    return
  }
  const isOpen = method === 'GET' && pattern !== '/user' && !pattern.includes('/hooks')
  // Whoever has a token may ask whose it is.
  if (isOpen || level === 'write' || (pattern === '/user' && level === 'read')) return
  throw level === 'none'
    ? new Refusal(401, 'Requires authentication')
    : new Refusal(403, 'Resource not accessible by personal access token')
}

function checkGrant(
  { repositories, permissions }: Grant,
  { method, pattern }: Pick<Route, 'method' | 'pattern'>,
  { owner = '', repo = '' }: Record<string, string>,
): void {
  const name = `${owner}/${repo}`.toLowerCase()
  if (repositories && !repositories.includes(name)) throw notFound()
  const needed = PERMISSIONS.find(([expression]) => expression.test(pattern))?.[1] ?? ''
  const has = permissions[needed]
  if (has === 'write' || (has === 'read' && method === 'GET')) return
  throw new Refusal(403, 'Resource not accessible by integration')
}
