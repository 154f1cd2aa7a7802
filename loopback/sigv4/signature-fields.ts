import * as z from 'zod'
import { ALGORITHM, type Scope } from './signature.ts'

/** The secret half of a key pair. Temporary ones carry a session token, and may expire. */
export type Secret = { secretAccessKey: string; sessionToken?: string; expiration?: Date }
export type CredentialLookup = (accessKeyId: string) => Secret | undefined

/** What a signature says of itself, wherever the request carries it. */
export type SignatureFields = {
  accessKeyId: string
  scope: Scope
  signedHeaders: string[]
  signature: string
}

/** How far a client's clock may be off, in milliseconds. */
export const SKEW_MS = 15 * 60_000

const claimSchema = z.object({
  Algorithm: z.literal(ALGORITHM),
  Credential: z.string().regex(/^[^/\s]+\/\d{8}\/[^/\s]+\/[^/\s]+\/aws4_request$/),
  SignedHeaders: z.string().regex(/^[!-~]+$/),
  Signature: z.string().regex(/^[0-9a-f]{64}$/),
  Date: z.string().regex(/^\d{8}T\d{6}Z$/),
})
export const SIGNATURE_FIELD_NAMES = Object.keys(claimSchema.shape)

/** The claim that fields of these names make, or null where they make none. */
export function parseSignatureFields(fields: Record<string, unknown>): SignatureFields | null {
  const { data } = claimSchema.safeParse(fields)
  if (!data) return null
  const [accessKeyId = '', date = '', region = '', service = ''] = data.Credential.split('/')
  const scope: Scope = { date, region, service, time: data.Date }
  return { accessKeyId, scope, signedHeaders: data.SignedHeaders.split(';'), signature: data.Signature }
}

/** The fields of an `Authorization` header, and the algorithm before them. */
export function parseAuthorizationHeader(header: string): Record<string, string | undefined> {
  const [Algorithm = '', rest = ''] = header.split(/ +(.*)/s)
  return { ...Object.fromEntries(rest.split(',').map(field => field.trim().split(/=(.*)/s))), Algorithm }
}

/** When it was signed, in milliseconds since 1970; 0 for no such moment. */
export const signingTime = ({ time }: Scope) =>
  Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')) || 0
