import * as z from 'zod'
import type { PullRow } from './hub.ts'
import { pullPayload } from './pull-request-payload.ts'
import { openPull, readPull, setPullState } from './pull-requests.ts'
import { networkOf } from './repositories.ts'
import {
  type Answer,
  actorOf,
  type Call,
  invalid,
  notFound,
  numberIn,
  page,
  parseBody,
  repositoryIn,
  route,
} from './rest-call.ts'

const newSchema = z.object({
  title: z.string().min(1).max(256),
  head: z.string().min(1),
  base: z.string().min(1),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
})
const changeSchema = z.strictObject({ state: z.enum(['open', 'closed']) })
const BASE = '/repos/:owner/:repo/pulls'

export const pullRoutes = [
  route(`POST ${BASE}`, create),
  route(`GET ${BASE}`, list),
  route(`GET ${BASE}/:number`, async call => ({ status: 200, body: await describe(call, pullIn(call)) })),
  route(`PATCH ${BASE}/:number`, async call => {
    const { state } = parseBody(call, changeSchema)
    await call.hub.turns.take(networkOf(repositoryIn(call)), () =>
      setPullState(call.hub, pullIn(call), state, actorOf(call)),
    )
    return { status: 200, body: await describe(call, pullIn(call)) }
  }),
]

function pullIn(call: Call): PullRow {
  const number = numberIn(call, 'number')
  const pull = call.hub.pulls.list(repositoryIn(call).id).find(one => one.number === number)
  if (!pull) throw notFound()
  return pull
}

async function describe(call: Call, pull: PullRow) {
  const parts = await readPull(call.hub, pull)
  if (!parts) throw notFound()
  return pullPayload(call.hub.addresses, parts)
}

async function create(call: Call): Promise<Answer> {
  const { hub } = call
  const base = repositoryIn(call)
  const { head: label, body = null, ...given } = parseBody(call, newSchema)
  // A branch's name has no colon, so the first one ends the owner's.
  const [, owner = base.owner, branch = label] = /^([^:]*):(.*)$/s.exec(label) ?? []
  const isOwn = owner.toLowerCase() === base.owner.toLowerCase()
  const head = isOwn ? base : hub.repositories.findInNetwork(networkOf(base), owner)
  if (!head) throw invalid(`head: ${owner} has no fork of this repository`)
  const draft = { ...given, body, head: branch, login: actorOf(call).login }
  const opened = await hub.turns.take(networkOf(base), () => openPull(hub, base, head, draft))
  if ('problem' in opened) throw invalid(opened.problem)
  const pull = hub.pulls.list(base.id).find(({ number }) => number === opened.number)
  if (!pull) throw notFound()
  return { status: 201, body: await describe(call, pull) }
}

async function list(call: Call): Promise<Answer> {
  const query = call.url.searchParams
  const state = query.get('state') ?? 'open'
  const isWanted = (pull: PullRow) =>
    (state === 'all' || pull.state === state) &&
    (query.get('base') ?? pull.base.ref) === pull.base.ref &&
    [null, pull.head.ref, `${pull.head.owner}:${pull.head.ref}`].includes(query.get('head'))
  const { body, ...answer } = page(
    call,
    call.hub.pulls.list(repositoryIn(call).id).filter(isWanted),
    pull => pull,
  )
  return { ...answer, body: await Promise.all((body as PullRow[]).map(pull => describe(call, pull))) }
}
