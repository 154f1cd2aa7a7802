import { createHash, timingSafeEqual } from 'node:crypto'
import type { Grant, LocalApp } from './app.ts'
import type { Repository } from './repositories.ts'

export type Tokens = { token: string; cloneToken?: string | undefined }
/** The App's part of checking credentials. */
export type AppTokens = Pick<LocalApp, 'isValidJwt' | 'grantOf'> | null

/**
 * The access level of a request: `none` without credentials, `invalid` with bad ones, `read` with the clone token,
 * `write` with the server's token, `installation` as granted, `app` for the App itself.
 */
export type Access = {
  level: 'none' | 'invalid' | 'read' | 'write' | 'app' | 'installation'
  login: string | null
  grant?: Grant
}

const LOGIN = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?$/
const digest = (text: string) => createHash('sha256').update(text).digest()
const isEqual = (given: string, expected: string) => timingSafeEqual(digest(given), digest(expected))

/**
 * Checks an `Authorization` header: `token …`, `Bearer …`, or Basic with the token as password. A user name other
 * than the customary `x-access-token` becomes the acting login.
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
  // Some clients send the token as the user name, without a password or with `x-oauth-basic`.
  const isUserSecret = password === '' || password === 'x-oauth-basic'
  const secret = isUserSecret ? user : password
  const login = !isUserSecret && user !== 'x-access-token' && LOGIN.test(user) ? user : null
  if (!isBasic && !/^(token|bearer)$/i.test(scheme)) return { level: 'invalid', login: null }
  if (isEqual(secret, token)) return { level: 'write', login }
  const grant = app?.grantOf(secret)
  if (grant) return { level: 'installation', login, grant }
  if (!isBasic && app?.isValidJwt(secret)) return { level: 'app', login }
  return cloneToken !== undefined && isEqual(secret, cloneToken)
    ? { level: 'read', login }
    : { level: 'invalid', login: null }
}

const splitBasic = (value: string) => /^([^:]*):?(.*)$/s.exec(Buffer.from(value, 'base64').toString()) ?? []

export type GitService = 'git-upload-pack' | 'git-receive-pack'

/**
 * The HTTP status with which a git request is rejected, or null if it is allowed. The server listens on loopback
 * only, so a push needs no credentials, but given ones must be valid. As on GitHub, a missing repository looks like
 * a private one.
 */
export function gitAccessError(
  service: GitService,
  access: Access,
  repository: Pick<Repository, 'private' | 'owner' | 'name'> | null,
): 401 | 403 | 404 | null {
  if (access.level === 'invalid' || access.level === 'app') return 401
  if (access.grant) return grantError(service, access.grant, repository)
  if (service === 'git-receive-pack') return access.level === 'read' ? 403 : null
  if (access.level === 'none') return repository && !repository.private ? null : 401
  return repository ? null : 404
}

/** An installation token needs the `contents` permission. Repositories outside its grant look missing. */
function grantError(
  service: GitService,
  { repositories, permissions }: Grant,
  repository: { owner: string; name: string } | null,
): 403 | 404 | null {
  const name = repository && `${repository.owner}/${repository.name}`.toLowerCase()
  if (name === null || (repositories && !repositories.includes(name))) return 404
  const needed = service === 'git-receive-pack' ? ['write'] : ['read', 'write']
  return needed.includes(permissions.contents ?? '') ? null : 403
}
