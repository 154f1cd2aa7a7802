import { createAppAuth } from '@octokit/auth-app'
import { UserError } from '../model/user-error.ts'
import { namesOf, openOctokit, statusOf } from './octokit.ts'

/** The credentials of a GitHub App: the id shown on its settings page, and a private key (PEM). */
export type AppKeys = { id: number; privateKey: string }
export type Permissions = Readonly<Record<string, 'read' | 'write'>>

export type App = {
  about(): Promise<{ slug: string; owner: string; permissions: Record<string, string>; events: string[] }>
  /** The accounts in which it is installed, for all or for selected repositories. */
  installations(): Promise<{ account: string; repositories: 'all' | 'selected' }[]>
  /**
   * A token for one repository with these permissions. It is valid for up to an hour, or a whole hour if `fresh`.
   * https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
   * @throws UserError with `status` 404 if the App is not installed on the repository
   */
  tokenFor(repository: string, permissions: Permissions, options?: { fresh?: boolean }): Promise<string>
  /** As `tokenFor`, for all repositories of the owner on which the App is installed. */
  tokenForOwner(repository: string, permissions: Permissions): Promise<string>
  /** Sets the URL to which GitHub sends the events of all repositories on which the App is installed. */
  setWebhook(webhook: { url: string; secret: string }): Promise<void>
}

/** Authenticates as a GitHub App. */
export function openApp(apiUrl: string, { id, privateKey }: AppKeys): App {
  const octokit = openOctokit(apiUrl, { authStrategy: createAppAuth, auth: { appId: id, privateKey } })
  const { apps } = octokit.rest
  const installed = new Map<string, Promise<number>>()
  /** Cached, because installations rarely change. Failures are not cached. */
  const installationOf = (repository: string) => {
    const id = installed.get(repository) ?? findInstallation(repository)
    installed.set(repository, id)
    id.catch(() => installed.delete(repository))
    return id
  }
  const findInstallation = async (repository: string) => {
    try {
      return (await apps.getRepoInstallation(namesOf(repository))).data.id
    } catch (error) {
      if (statusOf(error) !== 404) throw error
      const { data } = await apps.getAuthenticated()
      const notInstalled = new UserError(
        `The GitHub App ${data?.slug ?? id} is not installed on ${repository}: install it there, at ${data?.html_url}/installations/new.`,
      )
      throw Object.assign(notInstalled, { status: 404 })
    }
  }
  return {
    about: async () => {
      const { data } = await apps.getAuthenticated()
      const { slug = '', owner, permissions, events } = data ?? {}
      const login = owner && 'login' in owner ? owner.login : ''
      return {
        slug,
        owner: login,
        permissions: { ...permissions } as Record<string, string>,
        events: events ?? [],
      }
    },
    installations: async () => {
      const found = await octokit.paginate(apps.listInstallations)
      return found.map(({ account, repository_selection }) => ({
        account: account && 'login' in account ? account.login : '',
        repositories: repository_selection,
      }))
    },
    tokenFor: async (repository, permissions, { fresh = false } = {}) => {
      const { token } = (await octokit.auth({
        type: 'installation',
        installationId: await installationOf(repository),
        repositoryNames: [namesOf(repository).repo],
        permissions,
        refresh: fresh,
      })) as { token: string }
      return token
    },
    tokenForOwner: async (repository, permissions) => {
      const installationId = await installationOf(repository)
      const { token } = (await octokit.auth({ type: 'installation', installationId, permissions })) as {
        token: string
      }
      return token
    },
    setWebhook: async ({ url, secret }) => {
      // Passed as `data`, because Octokit would use a parameter named `url` as the URL of the request.
      const data = { url, secret, content_type: 'json', insecure_ssl: '0' }
      await octokit.request('PATCH /app/hook/config', { data })
    },
  }
}
