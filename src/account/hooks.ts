import type { Administration, Hook } from '../github/administration.ts'

/** What a repository tells us of. */
export const EVENTS = ['push', 'pull_request', 'merge_group'] as const

/** Adds the webhook to a repository, or brings the one that is there up to date. */
export async function addHook(
  github: Administration,
  repository: string,
  { url, secret }: { url: string; secret: string },
): Promise<{ hook: Hook; isNew: boolean }> {
  const standing = (await github.hooks(repository)).find(hook => hook.url === url)
  const hook = await github.putHook(repository, { url, secret, events: EVENTS }, standing?.id)
  // GitHub pings new ones by itself.
  if (standing) await github.ping(repository, hook.id)
  return { hook, isNew: !standing }
}

/** Removes the webhook from a repository; false where there is none of ours. */
export async function removeHook(github: Administration, repository: string, url: string): Promise<boolean> {
  const ours = (await github.hooks(repository)).filter(hook => hook.url === url)
  for (const { id } of ours) await github.removeHook(repository, id)
  return ours.length > 0
}
