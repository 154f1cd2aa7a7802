import type * as z from 'zod'
import type { Account } from './account-payload.ts'
import type { Access } from './credentials.ts'
import type { Hub } from './hub.ts'
import type { Repository } from './repositories.ts'

/** One request to the REST API. `parameters` are the decoded parts of the path. */
export type Call = {
  hub: Hub
  parameters: Record<string, string>
  /** The address asked for, of which only the query is used further. */
  url: URL
  body: unknown
  accept: string
  access: Access
}
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> }
export type Route = { method: string; pattern: string; answer: (call: Call) => Answer | Promise<Answer> }

/** An answer that is an error, with GitHub's status and a message like GitHub's. */
export class Refusal extends Error {
  readonly status: number
  readonly errors: unknown[]

  constructor(status: number, message: string, errors: unknown[] = []) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

export const notFound = () => new Refusal(404, 'Not Found')
export const invalid = (message: string) => new Refusal(422, 'Validation Failed', [{ message }])

export const route = (target: string, answer: Route['answer']): Route => {
  const [method = '', pattern = ''] = target.split(' ')
  return { method, pattern, answer }
}

/** The login used where a token comes without a user name. */
const DEFAULT_LOGIN = 'lambci'

export const actorOf = ({ access }: Call): Account => ({ login: access.login ?? DEFAULT_LOGIN, type: 'User' })

export const parameter = (call: Call, name: string): string => call.parameters[name] ?? ''

/** A number in the path; 404 where it is none. */
export function numberIn(call: Call, name: string): number {
  const text = parameter(call, name)
  if (!/^\d{1,15}$/.test(text)) throw notFound()
  return Number(text)
}

/** The repository in the path; 404 where there is none, or a private one without credentials. */
export function repositoryIn(call: Call): Repository {
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
  throw new Refusal(422, 'Validation Failed', errors)
}

/** One page of a list, with links to the others. https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api */
export function page<T>({ url }: Call, all: T[], describe: (item: T) => unknown): Answer {
  const number = (name: string, otherwise: number) => {
    const given = Number(url.searchParams.get(name))
    return Number.isSafeInteger(given) && given > 0 ? given : otherwise
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
