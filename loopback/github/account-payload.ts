import { createHash } from 'node:crypto'

/** Where this server is: `url` for repositories and people, `apiUrl` for the REST API. */
export type Addresses = { url: string; apiUrl: string }
export type Account = { login: string; type: 'User' | 'Organization' }

export const nodeId = (kind: string, id: number) => Buffer.from(`${kind}${id}`).toString('base64')
export const emailOf = (login: string) => `${login}@users.noreply.localhost`

/** Accounts are not kept: their ids follow from their names. */
const idOf = (login: string) => createHash('sha256').update(login.toLowerCase()).digest().readUInt32BE(0)

/** The login in a no-reply address, which is all that tells this server whose commit it is. */
export const loginOfEmail = (email: string) =>
  /^(?:\d+\+)?([A-Za-z0-9-]+(?:\[bot\])?)@users\.noreply\.(?:github\.com|localhost)$/.exec(email)?.[1] ?? null

/** A person, bot or organization as GitHub describes it. */
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
