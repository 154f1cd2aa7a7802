import { createHash } from 'node:crypto'

/** This server's addresses: `url` for repositories and accounts, `apiUrl` for the REST API. */
export type Addresses = { url: string; apiUrl: string }
export type Account = { login: string; type: 'User' | 'Organization' }

/** The acting login if a request has no user name. */
export const DEFAULT_LOGIN = 'lambci'

export const nodeId = (kind: string, id: number) => Buffer.from(`${kind}${id}`).toString('base64')
export const emailOf = (login: string) => `${login}@users.noreply.localhost`

/** Accounts are not stored, so their ids are derived from their names. */
const idOf = (login: string) => createHash('sha256').update(login.toLowerCase()).digest().readUInt32BE(0)

/** The login in a no-reply address: the only way this server can attribute a commit to an account. */
export const loginOfEmail = (email: string) =>
  /^(?:\d+\+)?([A-Za-z0-9-]+(?:\[bot\])?)@users\.noreply\.(?:github\.com|localhost)$/.exec(email)?.[1] ?? null

/** A user, bot or organization in GitHub's format. */
export function accountPayload({ url, apiUrl }: Addresses, { login, type }: Account) {
  const path = encodeURIComponent(login)
  const api = `${apiUrl}/users/${path}`
  const id = idOf(login)
  return {
    login,
    id,
    node_id: nodeId('User', id),
    avatar_url: `${url}/${path}.png`,
    gravatar_id: '',
    url: api,
    html_url: `${url}/${path}`,
    followers_url: `${api}/followers`,
    following_url: `${api}/following{/other_user}`,
    gists_url: `${api}/gists{/gist_id}`,
    starred_url: `${api}/starred{/owner}{/repo}`,
    subscriptions_url: `${api}/subscriptions`,
    organizations_url: `${api}/orgs`,
    repos_url: `${api}/repos`,
    events_url: `${api}/events{/privacy}`,
    received_events_url: `${api}/received_events`,
    type: login.endsWith('[bot]') ? 'Bot' : type,
    site_admin: false,
  }
}
