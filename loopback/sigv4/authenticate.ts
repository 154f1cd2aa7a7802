import type { IncomingMessage } from 'node:http'
import { canonicalRequest, constantTimeEqual, sha256, sign, signingKey, stringToSign } from './signature.ts'
import {
  type CredentialLookup,
  parseAuthorizationHeader,
  parseSignatureFields,
  SKEW_MS,
  signingTime,
} from './signature-fields.ts'

export type Refusal = 'unsigned' | 'malformed' | 'skewed' | 'unknown' | 'expired' | 'token' | 'signature'
export type Caller = { accessKeyId: string } | { refusal: Refusal }

type Signed = { request: Pick<IncomingMessage, 'method' | 'url' | 'headersDistinct'>; body: Buffer }
type Place = { service: string; region: string; credentials: CredentialLookup; now?: Date }

/**
 * Whose signature a request to any service but S3 bears: those hash the whole body and encode the path twice.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function authenticate({ request, body }: Signed, place: Place): Caller {
  const { service, region, credentials, now = new Date() } = place
  const headers = new Map(
    Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(',')]),
  )
  const header = headers.get('authorization')
  if (!header) return { refusal: 'unsigned' }
  const claim = parseSignatureFields({ ...parseAuthorizationHeader(header), Date: headers.get('x-amz-date') })
  if (!claim || claim.scope.service !== service || claim.scope.region !== region)
    return { refusal: 'malformed' }
  const { accessKeyId, scope, signedHeaders, signature } = claim
  if (!signedHeaders.includes('host')) return { refusal: 'malformed' }
  if (Math.abs(signingTime(scope) - now.getTime()) > SKEW_MS) return { refusal: 'skewed' }
  const secret = credentials(accessKeyId)
  if (!secret) return { refusal: 'unknown' }
  const token = headers.get('x-amz-security-token') ?? ''
  if (secret.expiration && secret.expiration <= now) return { refusal: 'expired' }
  if (!constantTimeEqual(secret.sessionToken ?? '', token)) return { refusal: 'token' }
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const canonical = canonicalRequest({
    method: request.method ?? '',
    // As it came, encoded once: signed is what is encoded twice.
    path: url.pathname,
    query: url.searchParams,
    headers,
    signedHeaders,
    payload: sha256(body),
  })
  const expected = sign(signingKey(secret.secretAccessKey, scope), stringToSign(scope, [sha256(canonical)]))
  return constantTimeEqual(expected, signature) ? { accessKeyId } : { refusal: 'signature' }
}
