import { verifyWithFallback } from '@octokit/webhooks-methods'
import type { Signer } from '../model/signer.ts'
import { z } from '../model/zod.ts'
import type { Delivery } from './delivery.ts'
import { appSecret, organizationSecret, repositorySecret, requestSecret } from './hook-secrets.ts'

type Signed = Pick<Delivery, 'body' | 'signature'>

/**
 * Whether a delivery was signed with one of the secrets. There are several while one is being replaced. Octokit
 * compares in constant time. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function verifySignature(
  { body, signature }: Signed,
  [secret, ...fallbacks]: readonly string[],
): Promise<boolean> {
  // GitHub never sends an empty body, and Octokit would throw.
  if (!body || secret === undefined) return false
  return verifyWithFallback(secret, body, signature, fallbacks)
}

const idSchema = z.object({ repository: z.object({ id: z.int().positive() }) })
const ownerSchema = z.union([
  z.object({ repository: z.object({ full_name: z.string() }) }),
  // The ping of an organization's webhook has no repository.
  z.object({ repository: z.undefined().optional(), organization: z.object({ login: z.string() }) }),
])

/**
 * The signer of a delivery; null if this stack does not know it. A secret counts only for the repository or the organization that the
 * payload names, so a repository's secret does not sign for any other.
 */
export async function findSigner(
  delivery: Signed,
  payload: unknown,
  webhookSecrets: readonly string[],
): Promise<Signer | null> {
  for (const { signer, secretOf } of candidatesFor(payload))
    if (await verifySignature(delivery, webhookSecrets.map(secretOf))) return signer
  return null
}

type Candidate = { signer: Signer; secretOf: (webhookSecret: string) => string }

function candidatesFor(payload: unknown): Candidate[] {
  const id = idSchema.safeParse(payload).data?.repository.id
  const login = ownerIn(payload)
  return [
    ...(id === undefined
      ? []
      : [
          {
            signer: { by: 'repository', id } as const,
            secretOf: (secret: string) => repositorySecret(secret, id),
          },
        ]),
    { signer: { by: 'app' }, secretOf: appSecret },
    { signer: { by: 'command-line' }, secretOf: requestSecret },
    ...(login === null
      ? []
      : [
          {
            signer: { by: 'organization', login } as const,
            secretOf: (secret: string) => organizationSecret(secret, login),
          },
        ]),
    { signer: { by: 'shared' }, secretOf: secret => secret },
  ]
}

/** The owner of the repository that a payload names, in lower case. */
function ownerIn(payload: unknown): string | null {
  const { data } = ownerSchema.safeParse(payload)
  if (!data) return null
  const login = data.repository ? data.repository.full_name.split('/')[0] : data.organization.login
  return login?.toLowerCase() || null
}
