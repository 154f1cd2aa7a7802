import { createAppAuth } from '@octokit/auth-app'
import { UserError } from '../model/user-error.ts'
import { namesOf, openOctokit, statusOf } from './octokit.ts'

/** A GitHub App as its owner has it: the number on its page, and a private key of it (PEM). */
export type AppKeys = { id: number; privateKey: string }
export type Permissions = Readonly<Record<string, 'read' | 'write'>>

export type App = {
  about(): Promise<{ slug: string; owner: string; permissions: Record<string, string>; events: string[] }>
  /** Where it is installed: the account, and whether for all of its repositories. */
  installations(): Promise<{ account: string; repositories: 'all' | 'selected' }[]>
  /**
   * A token for one repository with these permissions, for an hour at most; a `fresh` one for a whole hour.
   * https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
   */
  tokenFor(repository: string, permissions: Permissions, options?: { fresh?: boolean }): Promise<string>
  /** Where GitHub sends the App's events, from all repositories on which it is installed. */
  setWebhook(webhook: { url: string; secret: string }): Promise<void>
}

/** Acts as a GitHub App. */
export function openApp(apiUrl: string, { id, privateKey }: AppKeys): App {
  const octokit = openOctokit(apiUrl, { authStrategy: createAppAuth, auth: { appId: id, privateKey } })
  const { apps } = octokit.rest
  const installed = new Map<string, Promise<number>>()
  /** Where it is installed changes seldom; a failure is not kept. */
  const installationOf = (repository: string) => {
    const known = installed.get(repository) ?? findInstallation(repository)
    installed.set(repository, known)
    known.catch(() => installed.delete(repository))
    return known
  }
  const findInstallation = async (repository: string) => {
    try {
      return (await apps.getRepoInstallation(namesOf(repository))).data.id
    } catch (error) {
      if (statusOf(error) !== 404) throw error
      const { data } = await apps.getAuthenticated()
      const problem = new UserError(
        `The GitHub App ${data?.slug ?? id} is not installed on ${repository}: install it there, at ${data?.html_url}/installations/new.`,
      )
      throw Object.assign(problem, { status: 404 })
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
    setWebhook: async ({ url, secret }) => {
      // As `data`: Octokit would take a parameter called `url` for the address to send to.
      const data = { url, secret, content_type: 'json', insecure_ssl: '0' }
      await octokit.request('PATCH /app/hook/config', { data })
    },
  }
}
