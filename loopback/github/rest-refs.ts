import * as z from 'zod'
import { nodeId } from './account-payload.ts'
import { readCommit } from './commits.ts'
import type { Hub } from './hub.ts'
import { sendPushEvents } from './pushes.ts'
import { isRefName, readRef } from './read-ref.ts'
import { branchOf, NO_COMMIT } from './ref-changes.ts'
import { networkOf } from './repositories.ts'
import { apiUrlOf } from './repository-payload.ts'
import {
  actorOf,
  type Call,
  invalid,
  notFound,
  parameter,
  parseBody,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'

const sha = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
const newSchema = z.object({ ref: z.string(), sha })
const changeSchema = z.object({ sha, force: z.boolean().default(false) })
const BASE = '/repos/:owner/:repo/git'

/** Branches and tags, without git's own protocol. Each change sends a push event. https://docs.github.com/rest/git/refs */
export const refRoutes = [
  route(`GET ${BASE}/ref/:ref{.+}`, async call => {
    const ref = `refs/${parameter(call, 'ref')}`
    const directory = call.hub.repositories.directoryOf(requireRepository(call))
    const found = await readBranchOrTag(call.hub, directory, ref)
    if (!found) throw notFound()
    return describe(call, ref, found)
  }),
  route(`POST ${BASE}/refs`, async call => {
    const { ref, sha: after } = parseBody(call, newSchema)
    if (!/^refs\/(heads|tags)\/./.test(ref) || !isRefName(ref)) throw invalid('Reference name is not valid')
    return change(call, ref, async before => {
      if (before) throw invalid('Reference already exists')
      return after
    })
  }),
  route(`PATCH ${BASE}/refs/:ref{.+}`, async call => {
    const { sha: after, force } = parseBody(call, changeSchema)
    return change(call, `refs/${parameter(call, 'ref')}`, async (before, directory) => {
      if (!before) throw invalid('Reference does not exist')
      const isForward = () => call.hub.git.succeeds(directory, ['merge-base', '--is-ancestor', before, after])
      if (!force && !(await isForward())) throw invalid('Update is not a fast forward')
      return after
    })
  }),
  route(`DELETE ${BASE}/refs/:ref{.+}`, async call => {
    await change(call, `refs/${parameter(call, 'ref')}`, async before => {
      if (!before) throw invalid('Reference does not exist')
      return null
    })
    return { status: 204 }
  }),
]

/** Moves a ref to the commit that `decide` returns, or deletes it, while nothing else changes the repository. */
async function change(
  call: Call,
  ref: string,
  decide: (before: string | null, directory: string) => Promise<string | null>,
): Promise<RestResponse> {
  const { hub } = call
  const repository = requireRepository(call)
  const directory = hub.repositories.directoryOf(repository)
  return hub.networkQueue.run(networkOf(repository), async () => {
    const before = await readBranchOrTag(hub, directory, ref)
    const after = await decide(before, directory)
    if (after !== null && !(await readCommit(hub.git, directory, after)))
      throw invalid('Object does not exist')
    const move = after === null ? ['-d', ref] : [ref, after]
    await hub.git.text(directory, ['update-ref', ...move, before ?? NO_COMMIT])
    await sendPushEvents(hub, repository, actorOf(call))
    if (after === null) return { status: 204 }
    const answer = await describe(call, ref, after)
    return before === null ? { ...answer, status: 201 } : answer
  })
}

async function describe(call: Call, ref: string, found: string): Promise<RestResponse> {
  const { hub } = call
  const repository = requireRepository(call)
  const directory = hub.repositories.directoryOf(repository)
  const type = branchOf(ref) === null ? await typeOf(call, directory, found) : 'commit'
  const api = `${apiUrlOf(hub.addresses, repository)}/git`
  const url = `${api}/${ref.split('/').map(encodeURIComponent).join('/')}`
  const object = { type, sha: found, url: `${api}/${type}s/${found}` }
  return { status: 200, body: { ref, node_id: nodeId('Ref', repository.id), url, object } }
}

/** Also null for other refs, such as those of pull requests. */
const readBranchOrTag = async ({ git }: Hub, directory: string, ref: string) =>
  /^refs\/(heads|tags)\//.test(ref) ? readRef(git, directory, ref) : null

const typeOf = async ({ hub }: Call, directory: string, object: string) =>
  (await hub.git.text(directory, ['cat-file', '-t', object])).trim()
