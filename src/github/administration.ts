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

/** What setting up does on GitHub, in the name of the person whose token it is. */
export type Administration = {
  /** Whose token this is, and its scopes; null for a fine-grained one, which does not tell them. */
  identity(): Promise<{ login: string; scopes: readonly string[] | null }>
  /** Null where there is none, or none that this token may see. */
  repository(name: string): Promise<{ isPrivate: boolean; isAdmin: boolean; mayPush: boolean } | null>
  hooks(name: string): Promise<Hook[]>
  /** Adds a hook or, with an id, changes it. */
  putHook(name: string, wanted: HookConfig, id?: number): Promise<Hook>
  removeHook(name: string, id: number): Promise<void>
  ping(name: string, id: number): Promise<void>
}

export function openAdministration(apiUrl: string, token: string): Administration {
  const octokit = openOctokit(apiUrl, { auth: token })
  const { repos, users } = octokit.rest
  return {
    identity: async () => {
      const { data, headers } = await users.getAuthenticated().catch(refuse('The GitHub token'))
      const scopes = headers['x-oauth-scopes']
      return { login: data.login, scopes: scopes === undefined ? null : scopes.split(/, */).filter(Boolean) }
    },
    repository: async name => {
      try {
        const { data } = await repos.get(namesOf(name))
        const { admin = false, push = false } = data.permissions ?? {}
        return { isPrivate: data.private, isAdmin: admin, mayPush: push }
      } catch (error) {
        if (statusOf(error) === 404) return null
        return refuse(name)(error)
      }
    },
    hooks: async name =>
      (await octokit.paginate(repos.listWebhooks, namesOf(name)).catch(refuseHooks(name))).map(hookOf),
    putHook: async (name, { url, secret, events }, id) => {
      const hook = {
        ...namesOf(name),
        config: { url, secret, content_type: 'json', insecure_ssl: '0' },
        events: [...events],
        active: true,
      }
      const sent =
        id === undefined ? repos.createWebhook(hook) : repos.updateWebhook({ ...hook, hook_id: id })
      return hookOf((await sent.catch(refuseHooks(name))).data)
    },
    removeHook: async (name, id) => {
      await repos.deleteWebhook({ ...namesOf(name), hook_id: id }).catch(refuseHooks(name))
    },
    ping: async (name, id) => {
      await repos.pingWebhook({ ...namesOf(name), hook_id: id }).catch(refuseHooks(name))
    },
  }
}

type Found = {
  id: number
  events: string[]
  config: { url?: string }
  last_response?: { code: number | null }
}
const hookOf = ({ id, events, config, last_response }: Found): Hook => ({
  id,
  events,
  url: config.url ?? '',
  lastStatus: last_response?.code ?? null,
})

/** GitHub says 404, not 403, to whoever may not know of a repository's hooks. */
const refuseHooks = (name: string) => (error: unknown) => {
  if (![403, 404].includes(statusOf(error) ?? 0)) return refuse(name)(error)
  throw new UserError(
    `The GitHub token may not manage the webhooks of ${name}, or there is no such repository: it needs the scope admin:repo_hook (fine-grained: Webhooks, read and write), and you must be an admin there.`,
  )
}

const refuse =
  (what: string) =>
  (error: unknown): never => {
    const status = statusOf(error)
    if (status === 401)
      throw new UserError('GitHub does not accept this token: it is mistyped, expired, or has been revoked.')
    if (status === undefined) throw error
    throw new UserError(`${what}: GitHub answered ${status}: ${(error as Error).message}`)
  }
