import type { Administration, Hook } from '../github/administration.ts'
import { repositorySecret } from '../github/hook-secrets.ts'
import { UserError } from '../model/user-error.ts'

/** The events that webhooks are subscribed to. */
export const EVENTS = ['push', 'pull_request', 'merge_group'] as const

/** Adds the webhook to a repository, or updates the existing one. Its secret is the repository's own. */
export async function addHook(
  github: Administration,
  repository: string,
  { url, webhookSecret }: { url: string; webhookSecret: string },
): Promise<{ hook: Hook; isNew: boolean }> {
  const existing = (await github.hooks(repository)).find(hook => hook.url === url)
  const found = await github.repository(repository)
  if (!found) throw new UserError(`GitHub does not show ${repository} to this token.`)
  const secret = repositorySecret(webhookSecret, found.id)
  const hook = await github.putHook(repository, { url, secret, events: EVENTS }, existing?.id)
  // GitHub pings new hooks by itself.
  if (existing) await github.ping(repository, hook.id)
  return { hook, isNew: !existing }
}

/** Removes the webhook from a repository. False if there is none with this URL. */
export async function removeHook(github: Administration, repository: string, url: string): Promise<boolean> {
  const own = (await github.hooks(repository)).filter(hook => hook.url === url)
  for (const { id } of own) await github.removeHook(repository, id)
  return own.length > 0
}
