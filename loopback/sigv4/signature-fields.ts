import * as z from 'zod'
import { ALGORITHM, type Scope } from './signature.ts'

/** The secret half of a key pair. Temporary credentials also have a session token, and may expire. */
export type Secret = { secretAccessKey: string; sessionToken?: string; expiration?: Date }
export type CredentialLookup = (accessKeyId: string) => Secret | undefined

/** The fields of a signature, from a header or the query. */
export type SignatureFields = {
  accessKeyId: string
  scope: Scope
  signedHeaders: string[]
  signature: string
}

/** The maximum clock difference from the client, in milliseconds. */
export const SKEW_MS = 15 * 60_000

const fieldsSchema = z.object({
  Algorithm: z.literal(ALGORITHM),
  Credential: z.string().regex(/^[^/\s]+\/\d{8}\/[^/\s]+\/[^/\s]+\/aws4_request$/),
  SignedHeaders: z.string().regex(/^[!-~]+$/),
  Signature: z.string().regex(/^[0-9a-f]{64}$/),
  Date: z.string().regex(/^\d{8}T\d{6}Z$/),
})
export const SIGNATURE_FIELD_NAMES = Object.keys(fieldsSchema.shape)

/** Null if a field is missing or malformed. */
export function parseSignatureFields(fields: Record<string, unknown>): SignatureFields | null {
  const { data } = fieldsSchema.safeParse(fields)
  if (!data) return null
  const [accessKeyId = '', date = '', region = '', service = ''] = data.Credential.split('/')
  const scope: Scope = { date, region, service, time: data.Date }
  return { accessKeyId, scope, signedHeaders: data.SignedHeaders.split(';'), signature: data.Signature }
}

/** The fields of an `Authorization` header, and the algorithm that precedes them. */
export function parseAuthorizationHeader(header: string): Record<string, string | undefined> {
  const [algorithm, rest] = cut(header, ' ')
  const fields: Record<string, string> = {}
  for (const field of rest.split(',')) {
    const [name, value] = cut(field.trim(), '=')
    fields[name] = value
  }
  return { ...fields, Algorithm: algorithm }
}

/** Before and after the first separator. */
function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** Milliseconds since 1970; 0 if the timestamp is not a valid date. */
export const signingTime = ({ time }: Scope) =>
  Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')) || 0
