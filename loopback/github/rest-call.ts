import type { StatusCode } from 'hono/utils/http-status'
import type * as z from 'zod'
import { type Account, DEFAULT_LOGIN } from './account-payload.ts'
import type { Access } from './credentials.ts'
import type { Hub } from './hub.ts'
import type { Repository } from './repositories.ts'

/** One request to the REST API. `parameters` are the decoded placeholders of the route's path. */
export type Call = {
  hub: Hub
  parameters: Record<string, string>
  /** The requested URL. Routes use only its query. */
  url: URL
  body: unknown
  accept: string
  access: Access
}
export type RestResponse = { status: StatusCode; body?: unknown; headers?: Record<string, string> }
export type Route = {
  method: string
  pattern: string
  handle: (call: Call) => RestResponse | Promise<RestResponse>
}

/** An error response with GitHub's status and a message like GitHub's. */
export class RestError extends Error {
  readonly status: StatusCode
  readonly errors: unknown[]

  constructor(status: StatusCode, message: string, errors: unknown[] = []) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

export const notFound = () => new RestError(404, 'Not Found')
export const invalid = (message: string) => new RestError(422, 'Validation Failed', [{ message }])

export const route = (target: string, handle: Route['handle']): Route => {
  const [method = '', pattern = ''] = target.split(' ')
  return { method, pattern, handle }
}

export const actorOf = ({ access }: Call): Account => ({ login: access.login ?? DEFAULT_LOGIN, type: 'User' })

export const parameter = (call: Call, name: string): string => call.parameters[name] ?? ''

/** A number in the path. @throws RestError with status 404 if it is not a number. */
export function numberParameter(call: Call, name: string): number {
  const text = parameter(call, name)
  if (!/^\d{1,15}$/.test(text)) throw notFound()
  return Number(text)
}

/** The repository in the path. @throws RestError with status 404 if missing, or private without credentials. */
export function requireRepository(call: Call): Repository {
  const repository = call.hub.repositories.find(parameter(call, 'owner'), parameter(call, 'repo'))
  if (!repository || (repository.private && call.access.level === 'none')) throw notFound()
  return repository
}

export function parseBody<T extends z.ZodType>(call: Call, schema: T): z.infer<T> {
  const result = schema.safeParse(call.body)
  if (result.success) return result.data
  const errors = result.error.issues.map(({ path, message }) => ({
    field: path.join('.'),
    code: 'invalid',
    message,
  }))
  throw new RestError(422, 'Validation Failed', errors)
}

/**
 * One page of a list, with a `Link` header.
 * https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
 */
export function paginate<T>({ url }: Call, all: T[], describe: (item: T) => unknown): RestResponse {
  const number = (name: string, fallback: number) => {
    const value = Number(url.searchParams.get(name))
    return Number.isSafeInteger(value) && value > 0 ? value : fallback
  }
  const size = Math.min(100, number('per_page', 30))
  const current = number('page', 1)
  const last = Math.max(1, Math.ceil(all.length / size))
  const pages = { prev: current - 1, next: current + 1, first: 1, last }
  const isUseful = (rel: string, to: number) =>
    to >= 1 && to <= last && to !== current && (rel !== 'first' || current > 1)
  const links = Object.entries(pages).flatMap(([rel, to]) => {
    const target = new URL(url)
    target.searchParams.set('page', String(to))
    return isUseful(rel, to) ? [`<${target.href}>; rel="${rel}"`] : []
  })
  const body = all.slice((current - 1) * size, current * size).map(describe)
  return { status: 200, body, ...(links.length > 0 && { headers: { link: links.join(', ') } }) }
}
