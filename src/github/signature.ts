import { Webhooks } from '@octokit/webhooks'
import type { Delivery } from './delivery.ts'

/**
 * Whether the delivery was signed with one of the secrets (several while one is being replaced). Octokit compares
 * in constant time. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function verifySignature(
  { body, signature }: Delivery,
  secrets: readonly string[],
): Promise<boolean> {
  // GitHub never sends an empty body, and Octokit throws for one.
  if (!body) return false
  // `verify` knows one secret only, so each is tried.
  const verdicts = await Promise.all(secrets.map(secret => new Webhooks({ secret }).verify(body, signature)))
  return verdicts.includes(true)
}
