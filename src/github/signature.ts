import { verifyWithFallback } from '@octokit/webhooks-methods'
import type { Delivery } from './delivery.ts'

/**
 * Whether a delivery was signed with one of the secrets. There are several while one is being replaced. Octokit
 * compares in constant time. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function verifySignature(
  { body, signature }: Delivery,
  [secret, ...fallbacks]: readonly string[],
): Promise<boolean> {
  // GitHub never sends an empty body, and Octokit would throw.
  if (!body || secret === undefined) return false
  return verifyWithFallback(secret, body, signature, fallbacks)
}
