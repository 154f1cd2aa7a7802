import { createHash, timingSafeEqual } from 'node:crypto'

export type Tokens = { token: string; cloneToken?: string | undefined }

/** What a request may do: `none` without credentials, `wrong` with bad ones; a clone token may read. */
export type Access = { level: 'none' | 'wrong' | 'read' | 'write'; login: string | null }

const LOGIN = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?$/
const digest = (text: string) => createHash('sha256').update(text).digest()
const same = (given: string, right: string) => timingSafeEqual(digest(given), digest(right))

/**
 * Checks an `Authorization` header: `token …`, `Bearer …`, or Basic with the token as password. A user name,
 * other than the customary `x-access-token`, says who acts.
 */
export function checkCredentials(header: string | undefined, { token, cloneToken }: Tokens): Access {
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
  repository: { private: boolean } | null,
): 401 | 403 | 404 | null {
  if (access.level === 'wrong') return 401
  if (service === 'git-receive-pack') return access.level === 'read' ? 403 : null
  if (access.level === 'none') return repository && !repository.private ? null : 401
  return repository ? null : 404
}
