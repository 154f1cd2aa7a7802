import { createHmac, randomUUID } from 'node:crypto'
import { pushPayload } from './payloads.ts'

/** Sends the webhook a signed push of a commit to a repository's `master`, as GitHub does. */
export function sendPush(
  { url, webhookSecret }: { url: string; webhookSecret: string },
  named: { id: number; full_name: string },
  commit: string,
  change: object = {},
): Promise<Response> {
  const push = pushPayload({ ref: 'refs/heads/master', after: commit })
  const repository = { ...push.repository, ...named, default_branch: 'master' }
  const body = JSON.stringify({ ...push, repository, ...change })
  const signature = createHmac('sha256', webhookSecret).update(body).digest('hex')
  return fetch(`${url}/webhook`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    },
  })
}
