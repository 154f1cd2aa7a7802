import { createHash, timingSafeEqual } from 'node:crypto'
import type { Grant, LocalApp } from './app.ts'
import type { Repository } from './repositories.ts'

export type Tokens = { token: string; cloneToken?: string | undefined }
/** The App's half of checking credentials. */
export type AppTokens = Pick<LocalApp, 'verifies' | 'grantOf'> | null

/**
 * What a request may do: `none` without credentials, `wrong` with bad ones; a clone token may read, an installation's
 * what it was granted; `app` is the App itself.
 */
export type Access = {
  level: 'none' | 'wrong' | 'read' | 'write' | 'app' | 'installation'
  login: string | null
  grant?: Grant
}

const LOGIN = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?$/
const digest = (text: string) => createHash('sha256').update(text).digest()
const same = (given: string, right: string) => timingSafeEqual(digest(given), digest(right))

/**
 * Checks an `Authorization` header: `token …`, `Bearer …`, or Basic with the token as password. A user name,
 * other than the customary `x-access-token`, says who acts.
 */
export function checkCredentials(
  header: string | undefined,
  { token, cloneToken }: Tokens,
  app: AppTokens = null,
): Access {
  if (!header) return { level: 'none', login: null }
  const [, scheme = '', value = ''] = /^(\S+) +(.*)$/.exec(header) ?? []
  const isBasic = scheme.toLowerCase() === 'basic'
  const [, user = '', password = ''] = isBasic ? splitBasic(value) : ['', '', value]
  // Some clients send the token as user name, with no password or `x-oauth-basic`.
  const isUserSecret = password === '' || password === 'x-oauth-basic'
  const secret = isUserSecret ? user : password
  const login = !isUserSecret && user !== 'x-access-token' && LOGIN.test(user) ? user : null
  if (!isBasic && !/^(token|bearer)$/i.test(scheme)) return { level: 'wrong', login: null }
  if (same(secret, token)) return { level: 'write', login }
  const grant = app?.grantOf(secret)
  if (grant) return { level: 'installation', login, grant }
  if (!isBasic && app?.verifies(secret)) return { level: 'app', login }
  return cloneToken !== undefined && same(secret, cloneToken)
    ? { level: 'read', login }
    : { level: 'wrong', login: null }
}

const splitBasic = (value: string) => /^([^:]*):?(.*)$/s.exec(Buffer.from(value, 'base64').toString()) ?? []

export type GitService = 'git-upload-pack' | 'git-receive-pack'

/**
 * The HTTP status with which git is refused, or null. The server listens on loopback only, so a push needs no
 * credentials; those given must be right. Like GitHub, a missing repository looks like a private one.
 */
export function refuseGit(
  service: GitService,
  access: Access,
  repository: Pick<Repository, 'private' | 'owner' | 'name'> | null,
): 401 | 403 | 404 | null {
  if (access.level === 'wrong' || access.level === 'app') return 401
  if (access.grant) return refuseGrant(service, access.grant, repository)
  if (service === 'git-receive-pack') return access.level === 'read' ? 403 : null
  if (access.level === 'none') return repository && !repository.private ? null : 401
  return repository ? null : 404
}

/** An installation's token reads and writes contents where it was granted that; elsewhere there is nothing. */
function refuseGrant(
  service: GitService,
  { repositories, permissions }: Grant,
  repository: { owner: string; name: string } | null,
): 403 | 404 | null {
  const name = repository && `${repository.owner}/${repository.name}`.toLowerCase()
  if (name === null || (repositories && !repositories.includes(name))) return 404
  const needed = service === 'git-receive-pack' ? ['write'] : ['read', 'write']
  return needed.includes(permissions.contents ?? '') ? null : 403
}
