import type { IncomingMessage } from 'node:http'
import { JsonError, refusalOf } from '../aws-json/json-error.ts'
import { type Clock, systemClock } from '../clock.ts'
import { type Guard, requireAccess, requireCaller } from '../iam/guard.ts'
import { listen, readBody } from '../loopback.ts'
import type { CredentialLookup } from '../sigv4/signature-fields.ts'
import { type OnTarget, ScheduleRunner } from './schedule-runner.ts'
import { openScheduleStore, type Schedule } from './schedule-store.ts'
import { type ApiContext, handleRequest, type RequireAccess } from './scheduler-api.ts'

export type SchedulerOptions = {
  port?: number
  directory: string
  /** The groups besides `default`. */
  groups?: readonly string[]
  /** Whether a name stays taken once its schedule has run or was deleted, as it may for a while on AWS. Default false. */
  keepsNames?: boolean
  onTarget: OnTarget
  clock?: Clock
  account?: string
  region?: string
  guard?: Guard
}
export type Scheduler = {
  url: string
  schedules(): Schedule[]
  /** Calls all due targets. Resolves when they have been called. */
  runDue(): Promise<void>
  close(): Promise<void>
}

const BODY_LIMIT = 1024 * 1024
const ROUTE = /^\/schedules(?:\/([^/]+))?$/

/** Starts EventBridge Scheduler on loopback: one-time schedules that call a function. */
export async function startScheduler(options: SchedulerOptions): Promise<Scheduler> {
  const { clock = systemClock, account = '000000000000', region = 'us-east-1' } = options
  const store = openScheduleStore(options.directory)
  const runner = new ScheduleRunner(store, clock, options.onTarget)
  const context: ApiContext = {
    store,
    groups: options.groups ?? [],
    keepsNames: options.keepsNames ?? false,
    now: () => clock.now(),
    arn: (name, group) => `arn:aws:scheduler:${region}:${account}:schedule/${group}/${name}`,
  }
  const { guard } = options
  const authentication = guard && { service: 'scheduler', region, credentials: guard.credentials, guard }
  const server = await listen(
    async (request, response) => {
      const { status, headers, body } = await respond(request, context, authentication)
      runner.setAlarm()
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    },
    { port: options.port },
  ).catch(error => {
    store.close()
    throw error
  })
  // Some schedules may have become due while the server was not running.
  runner.setAlarm()
  return {
    url: server.url,
    schedules: () => store.all(),
    runDue: () => runner.runDue(),
    close: async () => {
      await server.close()
      await runner.close()
      store.close()
    },
  }
}

type Authentication = { service: string; region: string; credentials: CredentialLookup; guard: Guard }

async function respond(
  request: IncomingMessage,
  context: ApiContext,
  authentication: Authentication | undefined,
) {
  try {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const route = ROUTE.exec(url.pathname)
    const body = await readBody(request, BODY_LIMIT)
    if (!route)
      throw new JsonError(501, 'NotImplemented', `The loopback scheduler does not implement ${url.pathname}.`)
    if (!body) throw new JsonError(413, 'ValidationException', 'The request is too large.')
    const name = route[1] === undefined ? null : decodeURIComponent(route[1])
    const apiRequest = { method: request.method ?? '', name, query: url.searchParams, body: body.toString() }
    const accessKeyId = authentication && requireCaller({ request, body }, authentication)
    const check: RequireAccess = access => {
      if (authentication && accessKeyId) requireAccess(authentication.guard, accessKeyId, access)
    }
    return { status: 200, body: handleRequest(apiRequest, context, check) }
  } catch (error) {
    const { status, type, message } = refusalOf(error)
    return { status, headers: { 'x-amzn-errortype': type }, body: { Message: message } }
  }
}
