import { isDeepStrictEqual } from 'node:util'
import type * as z from 'zod'
import { JsonError } from '../aws-json/json-error.ts'
import type { AccessRequest } from '../iam/access.ts'
import { nameSchema, parseAt, scheduleSchema } from './schedule.ts'
import type { Schedule, ScheduleStore } from './schedule-store.ts'

export type ApiRequest = { method: string; name: string | null; query: URLSearchParams; body: string }
export type ApiContext = {
  store: ScheduleStore
  /** Groups besides `default`. Unlike on AWS, a schedule's name is unique across groups. */
  groups: readonly string[]
  /** Whether the name of a schedule that has run or was deleted stays taken. */
  keepsNames: boolean
  arn(name: string, group: string): string
  now(): number
}

/** @throws Error if the caller lacks the permission. */
export type RequireAccess = (request: AccessRequest) => void

const invalid = (message: string) => new JsonError(400, 'ValidationException', message)
const missing = (what: string) => new JsonError(404, 'ResourceNotFoundException', `${what} does not exist.`)

/**
 * Handles one request of the REST-JSON API and returns the body of a 200 response.
 * https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
 * @throws JsonError for any other response.
 */
export function handleRequest(
  request: ApiRequest,
  context: ApiContext,
  requireAccess: RequireAccess,
): unknown {
  const { method, query, body } = request
  if (request.name === null) {
    requireAccess({ action: 'scheduler:ListSchedules', resource: '*' })
    if (method === 'GET') return list(query, context)
  } else {
    const name = check(nameSchema, request.name, 'Name')
    if (method === 'POST') return create(name, body, context, requireAccess)
    const group = query.get('groupName')
    const resource = context.arn(name, group ?? 'default')
    checkGroup(group, context)
    if (method === 'GET') {
      requireAccess({ action: 'scheduler:GetSchedule', resource })
      return describe(find(name, group, context), context)
    }
    if (method === 'DELETE') {
      requireAccess({ action: 'scheduler:DeleteSchedule', resource })
      find(name, group, context)
      if (!context.store.remove(name)) throw missing(`Schedule ${name}`)
      return {}
    }
  }
  throw new JsonError(
    501,
    'NotImplemented',
    `The loopback scheduler does not implement ${method} for this path.`,
  )
}

function create(name: string, body: string, context: ApiContext, requireAccess: RequireAccess) {
  const { store, arn, now } = context
  const input = check(scheduleSchema, readJson(body), 'Schedule')
  requireAccess({ action: 'scheduler:CreateSchedule', resource: arn(name, input.GroupName) })
  // Without this check, a caller could use the rights of any role.
  const passRole = { 'iam:PassedToService': 'scheduler.amazonaws.com' }
  requireAccess({ action: 'iam:PassRole', resource: input.Target.RoleArn, context: passRole })
  checkGroup(input.GroupName, context)
  const existing = store.find(name)
  const isRepeated = input.ClientToken !== undefined && isDeepStrictEqual(existing?.input, input)
  const isTaken = existing ? !isRepeated : context.keepsNames && store.wasRemoved(name)
  if (isTaken) throw new JsonError(409, 'ConflictException', `Schedule ${name} already exists.`)
  if (!existing) {
    const dueAt = input.State === 'ENABLED' ? parseAt(input.ScheduleExpression) : null
    store.put({ name, input, createdAt: now(), dueAt, failures: 0 })
  }
  return { ScheduleArn: arn(name, input.GroupName) }
}

function list(query: URLSearchParams, context: ApiContext) {
  checkGroup(query.get('ScheduleGroup'), context)
  const [prefix, state, after] = ['NamePrefix', 'State', 'NextToken'].map(name => query.get(name))
  const limit = Number(query.get('MaxResults') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw invalid('MaxResults must be from 1 to 100.')
  const found = context.store
    .all()
    .filter(({ name }) => name.startsWith(prefix ?? '') && name > (after ?? ''))
    .filter(({ input }) => !state || input.State === state)
  const page = found.slice(0, limit)
  return {
    Schedules: page.map(schedule => {
      const { Target, ...summary } = describe(schedule, context)
      return { ...summary, Target: { Arn: Target.Arn } }
    }),
    ...(found.length > page.length && { NextToken: page.at(-1)?.name }),
  }
}

/** The body of a GetSchedule response. Times are in seconds since 1970. */
function describe({ name, input, createdAt }: Schedule, { arn }: ApiContext) {
  const { ClientToken, ...shown } = input
  const created = createdAt / 1000
  const timezone = input.ScheduleExpressionTimezone ?? 'UTC'
  return {
    ...shown,
    Arn: arn(name, input.GroupName),
    Name: name,
    ScheduleExpressionTimezone: timezone,
    CreationDate: created,
    LastModificationDate: created,
  }
}

/** Looks only in the requested group, since the caller's permission was checked for that group. */
function find(name: string, group: string | null, { store }: ApiContext) {
  const schedule = store.find(name)
  if (schedule?.input.GroupName !== (group ?? 'default')) throw missing(`Schedule ${name}`)
  return schedule
}

function checkGroup(group: string | null, { groups }: ApiContext) {
  if (group !== null && !['default', ...groups].includes(group)) throw missing(`Schedule group ${group}`)
}

function check<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(
    parsed.error.issues.map(({ path, message }) => `${[what, ...path].join('.')}: ${message}`).join('; '),
  )
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw invalid('The body is not JSON.')
  }
}
