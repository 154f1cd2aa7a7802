import * as z from 'zod'
import type { PullRow } from './hub.ts'
import { refreshMerge } from './merge-refs.ts'
import { pullPayload } from './pull-request-payload.ts'
import { openPull, readPull, retargetPull, setPullState } from './pull-requests.ts'
import { networkOf } from './repositories.ts'
import {
  actorOf,
  type Call,
  invalid,
  notFound,
  numberParameter,
  paginate,
  parseBody,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'

const newSchema = z.object({
  title: z.string().min(1).max(256),
  head: z.string().min(1),
  base: z.string().min(1),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
})
const changeSchema = z.strictObject({
  state: z.enum(['open', 'closed']).optional(),
  base: z.string().min(1).optional(),
})
const BASE = '/repos/:owner/:repo/pulls'

export const pullRoutes = [
  route(`POST ${BASE}`, create),
  route(`GET ${BASE}`, list),
  route(`GET ${BASE}/:number`, async call => {
    const pull = requirePull(call)
    // As on GitHub, the one GET that changes something: the test merge with the current base.
    await refreshMerge(call.hub, pull)
    return { status: 200, body: await describe(call, pull) }
  }),
  route(`PATCH ${BASE}/:number`, async call => {
    const { state, base } = parseBody(call, changeSchema)
    await call.hub.networkQueue.run(networkOf(requireRepository(call)), async () => {
      const error = base && (await retargetPull(call.hub, requirePull(call), base, actorOf(call)))
      if (error) throw invalid(error)
      if (state) await setPullState(call.hub, requirePull(call), state, actorOf(call))
    })
    return { status: 200, body: await describe(call, requirePull(call)) }
  }),
]

function requirePull(call: Call): PullRow {
  const number = numberParameter(call, 'number')
  const pull = call.hub.pulls.list(requireRepository(call).id).find(each => each.number === number)
  if (!pull) throw notFound()
  return pull
}

async function describe(call: Call, pull: PullRow) {
  const parts = await readPull(call.hub, pull)
  if (!parts) throw notFound()
  return pullPayload(call.hub.addresses, parts)
}

async function create(call: Call): Promise<RestResponse> {
  const { hub } = call
  const base = requireRepository(call)
  const { head: label, body = null, ...rest } = parseBody(call, newSchema)
  // A branch name contains no colon, so the first colon ends the owner.
  const [, owner = base.owner, branch = label] = /^([^:]*):(.*)$/s.exec(label) ?? []
  const isOwn = owner.toLowerCase() === base.owner.toLowerCase()
  const head = isOwn ? base : hub.repositories.findInNetwork(networkOf(base), owner)
  if (!head) throw invalid(`head: ${owner} has no fork of this repository`)
  const draft = { ...rest, body, head: branch, login: actorOf(call).login }
  const opened = await hub.networkQueue.run(networkOf(base), () => openPull(hub, base, head, draft))
  if ('error' in opened) throw invalid(opened.error)
  const pull = hub.pulls.list(base.id).find(({ number }) => number === opened.number)
  if (!pull) throw notFound()
  return { status: 201, body: await describe(call, pull) }
}

async function list(call: Call): Promise<RestResponse> {
  const query = call.url.searchParams
  const state = query.get('state') ?? 'open'
  const matches = (pull: PullRow) =>
    (state === 'all' || pull.state === state) &&
    (query.get('base') ?? pull.base.ref) === pull.base.ref &&
    [null, pull.head.ref, `${pull.head.owner}:${pull.head.ref}`].includes(query.get('head'))
  const { body, ...response } = paginate(
    call,
    call.hub.pulls.list(requireRepository(call).id).filter(matches),
    pull => pull,
  )
  return { ...response, body: await Promise.all((body as PullRow[]).map(pull => describe(call, pull))) }
}
