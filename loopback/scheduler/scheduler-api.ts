import { isDeepStrictEqual } from 'node:util'
import type * as z from 'zod'
import type { AccessRequest } from '../iam/access.ts'
import { nameSchema, parseAt, scheduleSchema } from './schedule.ts'
import type { Schedule, ScheduleStore } from './schedule-store.ts'

export type ApiRequest = { method: string; name: string | null; query: URLSearchParams; body: string }
export type ApiContext = {
  store: ScheduleStore
  /** Beside `default`; a name is unique over all of them. */
  groups: readonly string[]
  arn(name: string, group: string): string
  now(): number
}

/** @throws where the caller may not do it */
export type Demand = (request: AccessRequest) => void

/** An answer of the scheduler's own, by its name in the API. */
export class SchedulerError extends Error {
  override readonly name = 'SchedulerError'
  readonly status: number
  readonly type: string

  constructor(status: number, type: string, message: string) {
    super(message)
    this.status = status
    this.type = type
  }
}

const invalid = (message: string) => new SchedulerError(400, 'ValidationException', message)
const missing = (what: string) =>
  new SchedulerError(404, 'ResourceNotFoundException', `${what} does not exist.`)

/**
 * One request of the REST-JSON API: what to answer with 200.
 * https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
 */
export function answerRequest(request: ApiRequest, context: ApiContext, demand: Demand): unknown {
  const { method, query, body } = request
  if (request.name === null) {
    demand({ action: 'scheduler:ListSchedules', resource: '*' })
    if (method === 'GET') return list(query, context)
  } else {
    const name = check(nameSchema, request.name, 'Name')
    if (method === 'POST') return create(name, body, context, demand)
    const group = query.get('groupName')
    const resource = context.arn(name, group ?? 'default')
    checkGroup(group, context)
    if (method === 'GET') {
      demand({ action: 'scheduler:GetSchedule', resource })
      return describe(find(name, group, context), context)
    }
    if (method === 'DELETE') {
      demand({ action: 'scheduler:DeleteSchedule', resource })
      find(name, group, context)
      if (!context.store.remove(name)) throw missing(`Schedule ${name}`)
      return {}
    }
  }
  throw new SchedulerError(501, 'NotImplemented', `${method} is not there in this loopback scheduler.`)
}

function create(name: string, body: string, context: ApiContext, demand: Demand) {
  const { store, arn, now } = context
  const input = check(scheduleSchema, readJson(body), 'Schedule')
  demand({ action: 'scheduler:CreateSchedule', resource: arn(name, input.GroupName) })
  // Or a schedule could be made to act by a role that its maker may not use.
  const passed = { 'iam:PassedToService': 'scheduler.amazonaws.com' }
  demand({ action: 'iam:PassRole', resource: input.Target.RoleArn, context: passed })
  checkGroup(input.GroupName, context)
  const existing = store.find(name)
  const isRepeated = input.ClientToken !== undefined && isDeepStrictEqual(existing?.input, input)
  if (existing && !isRepeated)
    throw new SchedulerError(409, 'ConflictException', `Schedule ${name} already exists.`)
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

/** As GetSchedule answers; times are in seconds. */
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

/** In the group that is asked for: it is for that one that the caller has a right. */
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
