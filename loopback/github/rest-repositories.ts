import * as z from 'zod'
import { accountPayload } from './account-payload.ts'
import { resolveBranch } from './commits.ts'
import type { Hub } from './hub.ts'
import { recordForkRefs } from './pushes.ts'
import { isValidName, networkOf, type Repository } from './repositories.ts'
import { ownerOf, repositoryPayload } from './repository-payload.ts'
import {
  actorOf,
  type Call,
  invalid,
  parameter,
  parseBody,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'

const newSchema = z.object({ name: z.string(), private: z.boolean().default(false) })
const changeSchema = z.object({
  name: z.string().optional(),
  private: z.boolean().optional(),
  default_branch: z.string().optional(),
})
/** https://docs.github.com/rest/repos/repos#transfer-a-repository */
const transferSchema = z.object({ new_owner: z.string(), new_name: z.string().optional() })
const forkSchema = z.object({ organization: z.string().optional(), owner: z.string().optional() })
type Owner = { login: string; type: 'User' | 'Organization' }

export const repositoryRoutes = [
  route('GET /', ({ hub }) => ({
    status: 200,
    body: {
      current_user_url: `${hub.addresses.apiUrl}/user`,
      repository_url: `${hub.addresses.apiUrl}/repos/{owner}/{repo}`,
    },
  })),
  route('GET /user', call => ({
    status: 200,
    headers: { 'x-oauth-scopes': 'admin:repo_hook, repo' },
    body: accountPayload(call.hub.addresses, actorOf(call)),
  })),
  route('POST /user/repos', call => create(call, actorOf(call))),
  route('POST /orgs/:org/repos', call =>
    create(call, { login: parameter(call, 'org'), type: 'Organization' }),
  ),
  route('GET /repos/:owner/:repo', call => ({
    status: 200,
    body: describe(call.hub, requireRepository(call)),
  })),
  route('PATCH /repos/:owner/:repo', call => change(call, requireRepository(call))),
  route('DELETE /repos/:owner/:repo', async call => {
    const repository = requireRepository(call)
    await call.hub.networkQueue.run(networkOf(repository), () => call.hub.repositories.remove(repository))
    return { status: 204 }
  }),
  route('POST /repos/:owner/:repo/transfer', call => transfer(call, requireRepository(call))),
  route('POST /repos/:owner/:repo/forks', call => fork(call, requireRepository(call))),
]

/** A repository with its parent and the root of its fork network. */
function describe({ addresses, repositories }: Hub, repository: Repository) {
  const parent = repository.parent === null ? null : repositories.get(repository.parent)
  const source = repository.network === null ? null : repositories.get(repository.network)
  return {
    ...repositoryPayload(addresses, repository),
    permissions: { admin: true, push: true, pull: true },
    ...(parent && { parent: repositoryPayload(addresses, parent) }),
    ...(source && { source: repositoryPayload(addresses, source) }),
  }
}

function checkName({ hub }: Call, owner: string, name: string): void {
  if (!isValidName(owner, name)) throw invalid(`${owner}/${name} is not a valid repository name`)
  if (hub.repositories.find(owner, name)) throw invalid('name already exists on this account')
}

async function create(call: Call, { login, type }: Owner): Promise<RestResponse> {
  const { name, private: isPrivate } = parseBody(call, newSchema)
  checkName(call, login, name)
  const repository = await call.hub.repositories.create({
    owner: login,
    ownerType: type,
    name,
    private: isPrivate,
  })
  return { status: 201, body: describe(call.hub, repository) }
}

async function change(call: Call, repository: Repository): Promise<RestResponse> {
  const {
    default_branch: branch,
    name = repository.name,
    private: isPrivate = repository.private,
  } = parseBody(call, changeSchema)
  const { git, repositories } = call.hub
  if (name.toLowerCase() !== repository.name.toLowerCase()) checkName(call, repository.owner, name)
  if (branch !== undefined) {
    const exists = await resolveBranch(git, repositories.directoryOf(repository), branch)
    if (!exists) throw invalid(`The branch ${branch} was not found. Please push that ref first.`)
    await repositories.setDefaultBranch(repository, branch)
  }
  if (name !== repository.name) repositories.rename(repository, { name })
  repositories.change(repository, { private: isPrivate })
  return { status: 200, body: describe(call.hub, repositories.get(repository.id) ?? repository) }
}

/** GitHub asks the new owner, unlike this server. */
async function transfer(call: Call, repository: Repository): Promise<RestResponse> {
  const { new_owner: owner, new_name: name = repository.name } = parseBody(call, transferSchema)
  checkName(call, owner, name)
  call.hub.repositories.rename(repository, { owner, name })
  return {
    status: 202,
    body: describe(call.hub, call.hub.repositories.get(repository.id) ?? repository),
  }
}

async function fork(call: Call, source: Repository): Promise<RestResponse> {
  const { hub } = call
  const { organization, owner = organization } = parseBody(call, forkSchema)
  const target: Owner =
    owner === undefined
      ? actorOf(call)
      : { login: owner, type: organization === undefined ? 'User' : 'Organization' }
  const existing = hub.repositories.findInNetwork(networkOf(source), target.login)
  if (existing?.id === source.id) throw invalid(`${ownerOf(source).login} already owns this repository`)
  if (existing) return { status: 202, body: describe(hub, existing) }
  checkName(call, target.login, source.name)
  const created = await hub.networkQueue.run(networkOf(source), async () => {
    const forked = await hub.repositories.fork(source, target.login, target.type)
    await recordForkRefs(hub, forked)
    return forked
  })
  return { status: 202, body: describe(hub, created) }
}
