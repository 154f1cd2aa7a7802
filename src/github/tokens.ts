import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../model/user-error.ts'
import type { App, AppKeys, Permissions } from './app.ts'

/** The GitHub credentials of a stack: an App, or a token and a read-only clone token. */
export type GitHubSecrets = {
  githubToken: string | null
  cloneToken: string | null
  githubApp: AppKeys | null
}

/** The permissions that an App needs for statuses. */
export const STATUS_PERMISSIONS: Permissions = { statuses: 'write' }
/** The permissions for deployments. Requested separately, because they are optional. */
export const DEPLOYMENT_PERMISSIONS: Permissions = { deployments: 'write' }
/** The permissions for check runs. Optional: without them, commits get statuses. */
export const CHECK_PERMISSIONS: Permissions = { checks: 'write' }
/** The permissions to look up a repository. Every App has them. */
export const READ_PERMISSIONS: Permissions = { metadata: 'read' }
/** The permissions for clones. */
export const CLONE_PERMISSIONS: Permissions = { contents: 'read' }

export type GitHubTokens = {
  /** For statuses. Only http and report have it. */
  writing(repository: string): Promise<string>
  /** For check runs, with the App's id. Only an App has such tokens; null if there is none, or it lacks the permission. */
  checking(repository: string): Promise<{ token: string; appId: number } | null>
  /** To compare commits. */
  comparing(repository: string): Promise<string>
  /** For deployments. */
  deploying(repository: string): Promise<string>
  /** To look up repositories: for all that this stack may see of the repository's owner. */
  reading(repository: string): Promise<string[]>
  /** To clone one private repository. An App's is valid for an hour. Null if there is none. */
  cloning(repository: string): Promise<string | null>
  /**
   * For the commands of a job: it can read the contents of this repository and nothing else, for an hour. Only an App has such tokens: a
   * personal one reads all that its owner permits. Null if there is none, or if the App is not installed there.
   */
  forJob(repository: string): Promise<string | null>
  /**
   * To fetch a public repository, because GitHub limits fetches without a token. Only an App has tokens that can read nothing else: a
   * personal one reads all that its owner may. Null if there is none, or not in time.
   */
  readingPublic(repository: string): Promise<string | null>
}

/** GitHub waits ten seconds for the answer to a delivery, and a public repository can be fetched without a token. */
const PUBLIC_TIMEOUT_MS = 2000

/** Reads the secrets for each token, so that a replaced one takes effect at once. */
export function openTokens(
  apiUrl: string,
  secrets: () => Promise<GitHubSecrets>,
  { publicTimeoutMs = PUBLIC_TIMEOUT_MS } = {},
): GitHubTokens {
  let cached: { app: App; keys: AppKeys } | null = null
  const appOf = async (keys: AppKeys): Promise<App> => {
    // Loaded on demand, because http starts faster without it.
    const { openApp } = await import('./app.ts')
    if (cached?.keys.id !== keys.id || cached.keys.privateKey !== keys.privateKey)
      cached = { app: openApp(apiUrl, keys), keys }
    return cached.app
  }
  const tokenWith = async (repository: string, permissions: Permissions) => {
    const { githubApp, githubToken } = await secrets()
    if (githubApp) return (await appOf(githubApp)).tokenFor(repository, permissions)
    if (githubToken) return githubToken
    throw new UserError(
      'secrets/runner.json in the bucket has neither a GitHub token nor an App: run "lambci setup".',
    )
  }
  return {
    writing: repository => tokenWith(repository, STATUS_PERMISSIONS),
    checking: async repository => {
      const { githubApp } = await secrets()
      if (!githubApp) return null
      try {
        const token = await (await appOf(githubApp)).tokenFor(repository, CHECK_PERMISSIONS)
        return { token, appId: githubApp.id }
      } catch (error) {
        // GitHub issues no token with a permission that the App does not have.
        if ((error as { status?: number }).status === 422) return null
        throw error
      }
    },
    deploying: repository => tokenWith(repository, DEPLOYMENT_PERMISSIONS),
    reading: async repository => {
      const { githubApp, githubToken, cloneToken } = await secrets()
      if (githubApp) return [await (await appOf(githubApp)).tokenForOwner(repository, READ_PERMISSIONS)]
      return [githubToken, cloneToken].filter(token => token !== null)
    },
    comparing: async repository => {
      const { githubApp, cloneToken } = await secrets()
      // A token that may only set statuses cannot necessarily read a private repository.
      return githubApp || !cloneToken ? tokenWith(repository, CLONE_PERMISSIONS) : cloneToken
    },
    cloning: async repository => {
      const { githubApp, cloneToken } = await secrets()
      // Fresh, because the build may wait in the queue for forty minutes.
      return githubApp
        ? (await appOf(githubApp)).tokenFor(repository, CLONE_PERMISSIONS, { fresh: true })
        : cloneToken
    },
    forJob: async repository => {
      const { githubApp } = await secrets()
      if (!githubApp) return null
      return (await appOf(githubApp))
        .tokenFor(repository, CLONE_PERMISSIONS, { fresh: true })
        .catch(error => {
          if (error.status === 404) return null
          throw error
        })
    },
    readingPublic: async repository => {
      const { githubApp } = await secrets()
      if (!githubApp) return null
      const token = appOf(githubApp)
        .then(app => app.tokenFor(repository, CLONE_PERMISSIONS))
        .catch(() => null)
      const late = new AbortController()
      const timeout = sleep(publicTimeoutMs, null, { signal: late.signal }).catch(() => null)
      return Promise.race([token, timeout]).finally(() => late.abort())
    },
  }
}
