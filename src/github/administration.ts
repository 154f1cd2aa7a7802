import { UserError } from '../model/user-error.ts'
import { namesOf, openOctokit, statusOf } from './octokit.ts'

export type Hook = {
  id: number
  url: string
  events: readonly string[]
  /** HTTP status of the last delivery, null before the first. */
  lastStatus: number | null
}
export type HookConfig = { url: string; secret: string; events: readonly string[] }

/** GitHub's API for setup, used with a person's token. */
export type Administration = {
  /** The owner of the token, and its scopes. Null for fine-grained tokens, whose scopes GitHub does not return. */
  identity(): Promise<{ login: string; scopes: readonly string[] | null }>
  /** Null if the repository does not exist, or if the token has no access to it. */
  repository(
    name: string,
  ): Promise<{ id: number; isPrivate: boolean; isAdmin: boolean; mayPush: boolean } | null>
  hooks(name: string): Promise<Hook[]>
  /** Creates a hook or, with an id, updates it. */
  putHook(name: string, config: HookConfig, id?: number): Promise<Hook>
  removeHook(name: string, id: number): Promise<void>
  ping(name: string, id: number): Promise<void>
  /** The newest delivery of a hook: when it was sent, and the status of the answer, 0 without one. Null before the first. */
  lastDelivery(name: string, id: number): Promise<{ deliveredAt: string; status: number } | null>
}

export function openAdministration(apiUrl: string, token: string): Administration {
  const octokit = openOctokit(apiUrl, { auth: token })
  const { repos, users } = octokit.rest
  return {
    identity: async () => {
      const { data, headers } = await users.getAuthenticated().catch(toUserError('The GitHub token'))
      const scopes = headers['x-oauth-scopes']
      return { login: data.login, scopes: scopes === undefined ? null : scopes.split(/, */).filter(Boolean) }
    },
    repository: async name => {
      try {
        const { data } = await repos.get(namesOf(name))
        const { admin = false, push = false } = data.permissions ?? {}
        return { id: data.id, isPrivate: data.private, isAdmin: admin, mayPush: push }
      } catch (error) {
        if (statusOf(error) === 404) return null
        return toUserError(name)(error)
      }
    },
    hooks: async name =>
      (await octokit.paginate(repos.listWebhooks, namesOf(name)).catch(hookError(name))).map(hookOf),
    putHook: async (name, { url, secret, events }, id) => {
      const hook = {
        ...namesOf(name),
        config: { url, secret, content_type: 'json', insecure_ssl: '0' },
        events: [...events],
        active: true,
      }
      const response =
        id === undefined ? repos.createWebhook(hook) : repos.updateWebhook({ ...hook, hook_id: id })
      return hookOf((await response.catch(hookError(name))).data)
    },
    removeHook: async (name, id) => {
      await repos.deleteWebhook({ ...namesOf(name), hook_id: id }).catch(hookError(name))
    },
    ping: async (name, id) => {
      await repos.pingWebhook({ ...namesOf(name), hook_id: id }).catch(hookError(name))
    },
    lastDelivery: async (name, id) => {
      const newest = { ...namesOf(name), hook_id: id, per_page: 1 }
      const { data } = await repos.listWebhookDeliveries(newest).catch(hookError(name))
      const [last] = data
      return last ? { deliveredAt: last.delivered_at, status: last.status_code } : null
    },
  }
}

type HookResponse = {
  id: number
  events: string[]
  config: { url?: string }
  last_response?: { code: number | null }
}
const hookOf = ({ id, events, config, last_response }: HookResponse): Hook => ({
  id,
  events,
  url: config.url ?? '',
  lastStatus: last_response?.code ?? null,
})

/** Without permission to see a repository's hooks, GitHub answers 404, not 403. */
const hookError = (name: string) => (error: unknown) => {
  if (![403, 404].includes(statusOf(error) ?? 0)) return toUserError(name)(error)
  throw new UserError(
    `The GitHub token may not manage the webhooks of ${name}, or the repository does not exist. The token needs the scope admin:repo_hook (fine-grained: Webhooks, read and write), and you must be an admin of the repository.`,
  )
}

const toUserError =
  (what: string) =>
  (error: unknown): never => {
    const status = statusOf(error)
    if (status === 401)
      throw new UserError('GitHub does not accept this token: it is mistyped, expired or revoked.')
    if (status === undefined) throw error
    throw new UserError(`${what}: GitHub answered ${status}: ${(error as Error).message}`)
  }
