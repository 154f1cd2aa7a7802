import { randomUUID } from 'node:crypto'
import { readRunnerSecrets } from '../../account/secrets.ts'
import { appSecret, requestSecret } from '../../github/hook-secrets.ts'
import { type Sent, sendSigned } from '../../github/send-signed.ts'
import { UserError } from '../../model/user-error.ts'
import type { Store } from '../../records/store.ts'

type SecretOf = (webhookSecret: string) => string

/**
 * Sends an event to the http function at `base`, signed as a GitHub App's webhook signs those of every repository.
 * @throws UserError if there is no answer
 */
export const sendEvent = (
  store: Store,
  base: string,
  { event, body }: { event: string; body: string },
): Promise<Sent> => send(store, base, { event, body, id: randomUUID() }, appSecret)

/**
 * Sends a request of this command line to the http function at `base`. Its kind, id and time are in the signed body.
 * @throws UserError if there is no answer
 */
export function sendOwnRequest(
  store: Store,
  base: string,
  { event, payload }: { event: string; payload: object },
): Promise<Sent> {
  const id = randomUUID()
  const body = JSON.stringify({ ...payload, event, id, at: new Date().toISOString() })
  return send(store, base, { event, body, id }, requestSecret)
}

async function send(
  store: Store,
  base: string,
  delivery: { event: string; body: string; id: string },
  secretOf: SecretOf,
): Promise<Sent> {
  const { webhookSecrets } = await readRunnerSecrets(store)
  return sendSigned(base, secretOf(webhookSecrets[0] ?? ''), delivery).catch(error => {
    throw new UserError(`No answer from ${base}: ${(error as { cause?: Error }).cause?.message ?? error}`)
  })
}
