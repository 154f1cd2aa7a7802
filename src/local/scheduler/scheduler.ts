import type { IncomingMessage } from 'node:http'
import { type Clock, systemClock } from '../clock.ts'
import { listen, readBody } from '../loopback.ts'
import { Firing, type OnTarget } from './firing.ts'
import { openScheduleStore, type Schedule } from './schedule-store.ts'
import { type ApiContext, answerRequest, SchedulerError } from './scheduler-api.ts'

export type SchedulerOptions = {
  port?: number
  directory: string
  /** The groups that there are beside `default`. */
  groups?: readonly string[]
  onTarget: OnTarget
  clock?: Clock
  account?: string
  region?: string
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
    arn: name => `arn:aws:scheduler:${region}:${account}:schedule/default/${name}`,
  }
  const server = await listen(async (request, response) => {
    const { status, headers, body } = await answer(request, context)
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

async function answer(request: IncomingMessage, context: ApiContext) {
  try {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const route = ROUTE.exec(url.pathname)
    const body = await readBody(request, BODY_LIMIT)
    if (!route)
      throw new SchedulerError(501, 'NotImplemented', `${url.pathname} is not there in this scheduler.`)
    if (!body) throw new SchedulerError(413, 'ValidationException', 'The request is too large.')
    const name = route[1] === undefined ? null : decodeURIComponent(route[1])
    const asked = { method: request.method ?? '', name, query: url.searchParams, body: body.toString() }
    return { status: 200, body: answerRequest(asked, context) }
  } catch (error) {
    const { status, type, message } =
      error instanceof SchedulerError
        ? error
        : new SchedulerError(500, 'InternalServerException', String(error))
    return { status, headers: { 'x-amzn-errortype': type }, body: { Message: message } }
  }
}
