import { Webhooks } from '@octokit/webhooks'
import type { Delivery } from './delivery.ts'

/**
 * Whether a delivery was signed with one of the secrets. There are several while one is being replaced. Octokit
 * compares in constant time. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function verifySignature(
  { body, signature }: Delivery,
  secrets: readonly string[],
): Promise<boolean> {
  // GitHub never sends an empty body, and Octokit would throw.
  if (!body) return false
  // `verify` takes one secret only, so each is tried.
  const results = await Promise.all(secrets.map(secret => new Webhooks({ secret }).verify(body, signature)))
  return results.includes(true)
}
