import { createHmac, randomUUID } from 'node:crypto'
import { readRunnerSecrets } from '../../account/secrets.ts'
import type { Store } from '../../build/store.ts'
import { Problem } from '../../problem.ts'

export type Sent = { status: number; answer: unknown; id: string }

/** Sends the http function at `base` a delivery, signed as GitHub signs its own with the stack's newest secret. */
export async function sendDelivery(
  store: Store,
  base: string,
  { event, body, id = randomUUID() }: { event: string; body: string; id?: string | undefined },
): Promise<Sent> {
  const { webhookSecrets } = await readRunnerSecrets(store)
  const signature = createHmac('sha256', webhookSecrets[0] ?? '')
    .update(body)
    .digest('hex')
  const answer = await fetch(`${base}/webhook`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${signature}`,
    },
  }).catch(error => {
    throw new Problem(`${base} does not answer: ${(error as { cause?: Error }).cause?.message ?? error}`)
  })
  return { status: answer.status, answer: await answer.json().catch(() => null), id }
}
