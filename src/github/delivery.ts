import { z } from '../model/zod.ts'

/** GitHub's limit for a payload, in bytes. https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const PAYLOAD_LIMIT = 25 * 1024 * 1024

/** One HTTP request from GitHub. Its signature has not been verified yet. */
export type Delivery = { event: string; id: string; signature: string; body: string; isForm: boolean }

const REQUIRED = ['x-github-event', 'x-github-delivery', 'x-hub-signature-256'] as const

const headersSchema = z.object({
  'x-github-event': z.string().regex(/^[a-z_]{1,60}$/),
  // Part of an object key.
  'x-github-delivery': z.string().regex(/^[A-Za-z0-9-]{1,72}$/),
  'x-hub-signature-256': z.string().regex(/^sha256=[0-9a-f]{64}$/),
})

/** Parses the headers and body of a request. The error describes what is wrong with them. */
export function parseDelivery(headers: Headers, body: string): Delivery | { error: string } {
  const missing = REQUIRED.filter(name => !headers.get(name))
  if (missing.length > 0) {
    return {
      error: `This is not a delivery from GitHub: it lacks ${missing.join(', ')}. Webhooks without a secret send no signature: set a secret in the repository's webhook settings.`,
    }
  }
  const parsed = headersSchema.safeParse(Object.fromEntries(REQUIRED.map(name => [name, headers.get(name)])))
  if (!parsed.success) {
    const names = parsed.error.issues.map(issue => issue.path.join('.'))
    return { error: `This is not a delivery from GitHub: the header ${names.join(', ')} is malformed.` }
  }
  return {
    event: parsed.data['x-github-event'],
    id: parsed.data['x-github-delivery'],
    signature: parsed.data['x-hub-signature-256'],
    body,
    isForm: headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') ?? false,
  }
}

/**
 * The payload as JSON. Hooks created by hand send a form by default; the signature covers the raw form.
 * @throws SyntaxError if it is not JSON
 */
export function parsePayload({ body, isForm }: Delivery): unknown {
  const json = isForm ? (new URLSearchParams(body).get('payload') ?? '') : body
  return JSON.parse(json)
}
