import * as z from 'zod'
import { accountPayload } from './account-payload.ts'
import type { Collaborator } from './hub.ts'
import {
  type Call,
  notFound,
  parameter,
  parseBody,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'

const permissionSchema = z.object({
  permission: z.enum(['pull', 'triage', 'push', 'maintain', 'admin']).default('push'),
})
const BASE = '/repos/:owner/:repo/collaborators/:login'

/** https://docs.github.com/rest/collaborators/collaborators. An invitation is accepted at once. */
export const collaboratorRoutes = [
  route(`GET ${BASE}/permission`, permissionOf),
  route(`PUT ${BASE}`, call => {
    const { id } = requireRepository(call)
    const login = parameter(call, 'login')
    const { permission } = parseBody(call, permissionSchema)
    remove(call, id, login)
    call.hub.collaborators.insert(id, { login, permission })
    return { status: 204 }
  }),
  route(`DELETE ${BASE}`, call => {
    remove(call, requireRepository(call).id, parameter(call, 'login'))
    return { status: 204 }
  }),
]

const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase()

function remove({ hub }: Call, repository: number, login: string): void {
  for (const each of hub.collaborators.list(repository))
    if (isSame(each.login, login)) hub.collaborators.remove(each.id)
}

/** `permission` knows four levels, `role_name` all of them. */
const LEVELS: Record<Collaborator['permission'], [permission: string, role: string]> = {
  pull: ['read', 'read'],
  triage: ['read', 'triage'],
  push: ['write', 'write'],
  maintain: ['write', 'maintain'],
  admin: ['admin', 'admin'],
}

/** Everybody may read a public repository. */
function permissionOf(call: Call): RestResponse {
  const { id, owner, private: isPrivate } = requireRepository(call)
  const login = parameter(call, 'login')
  if (!/^[A-Za-z0-9-_]+$/.test(login)) throw notFound()
  const added = call.hub.collaborators.list(id).find(each => isSame(each.login, login))
  const [permission, role] = isSame(login, owner)
    ? LEVELS.admin
    : added
      ? LEVELS[added.permission]
      : isPrivate
        ? ['none', '']
        : LEVELS.pull
  const user = accountPayload(call.hub.addresses, { login, type: 'User' })
  return { status: 200, body: { permission, role_name: role, user } }
}
