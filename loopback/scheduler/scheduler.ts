import type { IncomingMessage } from 'node:http'
import { type Clock, systemClock } from '../clock.ts'
import { AuthError, type Guard, requireAccess, requireCaller } from '../iam/guard.ts'
import { listen, readBody } from '../loopback.ts'
import type { CredentialLookup } from '../sigv4/signature-fields.ts'
import { Firing, type OnTarget } from './firing.ts'
import { openScheduleStore, type Schedule } from './schedule-store.ts'
import { type ApiContext, answerRequest, type Demand, SchedulerError } from './scheduler-api.ts'

export type SchedulerOptions = {
  port?: number
  directory: string
  /** The groups that there are beside `default`. */
  groups?: readonly string[]
  onTarget: OnTarget
  clock?: Clock
  account?: string
  region?: string
  guard?: Guard
}
export type Scheduler = {
  url: string
  schedules(): Schedule[]
  /** Calls the targets that are due by now, and resolves when they have been called. */
  runDue(): Promise<void>
  close(): Promise<void>
}

const BODY_LIMIT = 1024 * 1024
const ROUTE = /^\/schedules(?:\/([^/]+))?$/

/** EventBridge Scheduler on loopback, as the SDK speaks to it: one-time schedules that call a function. */
export async function startScheduler(options: SchedulerOptions): Promise<Scheduler> {
  const { clock = systemClock, account = '000000000000', region = 'us-east-1' } = options
  const store = openScheduleStore(options.directory)
  const firing = new Firing(store, clock, options.onTarget)
  const context: ApiContext = {
    store,
    groups: options.groups ?? [],
    now: () => clock.now(),
    arn: (name, group) => `arn:aws:scheduler:${region}:${account}:schedule/${group}/${name}`,
  }
  const { guard } = options
  const place = guard && { service: 'scheduler', region, credentials: guard.credentials, guard }
  const server = await listen(async (request, response) => {
    const { status, headers, body } = await answer(request, context, place)
    firing.sleep()
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }, options.port).catch(error => {
    store.close()
    throw error
  })
  // What became due while nobody was here.
  firing.sleep()
  return {
    url: server.url,
    schedules: () => store.all(),
    runDue: () => firing.runDue(),
    close: async () => {
      await server.close()
      await firing.close()
      store.close()
    },
  }
}

type Place = { service: string; region: string; credentials: CredentialLookup; guard: Guard }

async function answer(request: IncomingMessage, context: ApiContext, place: Place | undefined) {
  try {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const route = ROUTE.exec(url.pathname)
    const body = await readBody(request, BODY_LIMIT)
    if (!route)
      throw new SchedulerError(501, 'NotImplemented', `${url.pathname} is not there in this scheduler.`)
    if (!body) throw new SchedulerError(413, 'ValidationException', 'The request is too large.')
    const name = route[1] === undefined ? null : decodeURIComponent(route[1])
    const asked = { method: request.method ?? '', name, query: url.searchParams, body: body.toString() }
    const accessKeyId = place && requireCaller({ request, body }, place)
    const demand: Demand = needed => {
      if (place && accessKeyId) requireAccess(place.guard, accessKeyId, needed)
    }
    return { status: 200, body: answerRequest(asked, context, demand) }
  } catch (error) {
    const { status, type, message } = faultOf(error)
    return { status, headers: { 'x-amzn-errortype': type }, body: { Message: message } }
  }
}

function faultOf(error: unknown): { status: number; type: string; message: string } {
  if (error instanceof SchedulerError) return error
  if (error instanceof AuthError)
    return { status: error.status, type: error.jsonCode, message: error.message }
  return new SchedulerError(500, 'InternalServerException', String(error))
}
