import { UserError } from '../model/user-error.ts'
import type { App, AppKeys, Permissions } from './app.ts'

/** By what this stack speaks to GitHub: an App, or a token and a second one that can only read. */
export type GitHubSecrets = {
  githubToken: string | null
  cloneToken: string | null
  githubApp: AppKeys | null
}

/** What setting statuses takes of an App. */
export const STATUS_PERMISSIONS: Permissions = { statuses: 'write' }
/** What telling of deploys takes of an App; asked for apart, for an App may well lack it. */
export const DEPLOYMENT_PERMISSIONS: Permissions = { deployments: 'write' }
/** What a clone takes of an App. */
export const CLONE_PERMISSIONS: Permissions = { contents: 'read' }

export type GitHubTokens = {
  /** For statuses; only http and report hold it. */
  writing(repository: string): Promise<string>
  /** For deployments. */
  deploying(repository: string): Promise<string>
  /** For the clone of one private repository, good for an hour with an App; null where there is none. */
  cloning(repository: string): Promise<string | null>
}

/** Tokens by the secrets of this moment: one that is replaced counts at once. */
export function openTokens(apiUrl: string, secrets: () => Promise<GitHubSecrets>): GitHubTokens {
  let kept: { app: App; keys: AppKeys } | null = null
  const appOf = async (keys: AppKeys): Promise<App> => {
    // Loaded when it is needed: http starts sooner without it.
    const { openApp } = await import('./app.ts')
    if (kept?.keys.id !== keys.id || kept.keys.privateKey !== keys.privateKey)
      kept = { app: openApp(apiUrl, keys), keys }
    return kept.app
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
    deploying: repository => tokenWith(repository, DEPLOYMENT_PERMISSIONS),
    cloning: async repository => {
      const { githubApp, cloneToken } = await secrets()
      // It may wait forty minutes in the queue.
      return githubApp
        ? (await appOf(githubApp)).tokenFor(repository, CLONE_PERMISSIONS, { fresh: true })
        : cloneToken
    },
  }
}
