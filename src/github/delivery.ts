import { hash } from 'node:crypto'
import { z } from '../model/zod.ts'

/** GitHub's limit for a payload, in bytes. https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const PAYLOAD_LIMIT = 25 * 1024 * 1024

/** One HTTP request from GitHub. Its signature has not been verified yet, and covers only the body. */
export type Delivery = { event: string; id: string; signature: string; body: string }

const REQUIRED = ['x-github-event', 'x-github-delivery', 'x-hub-signature-256'] as const

const headersSchema = z.object({
  'x-github-event': z.string().regex(/^[a-z_]{1,60}$/),
  'x-github-delivery': z.string().regex(/^[A-Za-z0-9-]{1,72}$/),
  'x-hub-signature-256': z.string().regex(/^sha256=[0-9a-f]{64}$/),
})

/** Strict, and keeps a byte order mark, so that exactly the bytes that arrived are verified. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses the headers and body of a request. The error describes their fault. */
export function parseDelivery(headers: Headers, bytes: Uint8Array): Delivery | { error: string } {
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
  const body = decode(bytes)
  if (body === null) return { error: 'This is not a delivery from GitHub: its body is not UTF-8.' }
  return {
    event: parsed.data['x-github-event'],
    id: parsed.data['x-github-delivery'],
    signature: parsed.data['x-hub-signature-256'],
    body,
  }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes)
  } catch {
    return null
  }
}

/** A form of one field that contains only letters, digits and the marks that encoders leave unescaped. */
const FORM = /^payload=((?:[A-Za-z0-9*._~!'()+-]|%[0-9A-Fa-f]{2})*)$/

/**
 * The payload in a body, which is JSON or a form with the one field `payload`, as manually created webhooks send by default. Only the body
 * decides: no header is signed, and JSON sent as a form would be read from inside a commit message. Null for anything else.
 */
export function parsePayload(body: string): Record<string, unknown> | null {
  const [, field] = FORM.exec(body) ?? []
  try {
    const json: unknown = JSON.parse(
      field === undefined ? body : decodeURIComponent(field.replaceAll('+', ' ')),
    )
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
    return isObject ? (json as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/**
 * The identity of a delivery: the SHA-256 of its body. GitHub sends a redelivery with the same body. The id in a header can be chosen by
 * anyone who has seen a body and its signature.
 */
export const digestOf = (body: string): string => hash('sha256', body)
