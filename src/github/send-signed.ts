import { createHmac } from 'node:crypto'

export type Sent = { status: number; answer: unknown }

/**
 * Sends a delivery to the http function at `base`, signed like GitHub's.
 * @throws whatever `fetch` throws
 */
export async function sendSigned(
  base: string,
  secret: string,
  { event, body, id }: { event: string; body: string; id: string },
): Promise<Sent> {
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const response = await fetch(`${base}/webhook`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${signature}`,
    },
  })
  return { status: response.status, answer: await response.json().catch(() => null) }
}
