import { randomUUID } from 'node:crypto'
import { readRunnerSecrets } from '../../account/secrets.ts'
import { type Sent, sendSigned } from '../../github/send-signed.ts'
import { UserError } from '../../model/user-error.ts'
import type { Store } from '../../records/store.ts'

/**
 * Sends a delivery to the http function at `base`, signed with the newest webhook secret of the stack.
 * @throws UserError if there is no answer
 */
export async function sendDelivery(
  store: Store,
  base: string,
  { event, body, id = randomUUID() }: { event: string; body: string; id?: string | undefined },
): Promise<Sent & { id: string }> {
  const { webhookSecrets } = await readRunnerSecrets(store)
  const sent = await sendSigned(base, webhookSecrets[0] ?? '', { event, body, id }).catch(error => {
    throw new UserError(`No answer from ${base}: ${(error as { cause?: Error }).cause?.message ?? error}`)
  })
  return { ...sent, id }
}
