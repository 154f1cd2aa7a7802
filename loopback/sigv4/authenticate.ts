import type { IncomingMessage } from 'node:http'
import { canonicalRequest, constantTimeEqual, sha256, sign, signingKey, stringToSign } from './signature.ts'
import {
  type CredentialLookup,
  parseAuthorizationHeader,
  parseSignatureFields,
  SKEW_MS,
  signingTime,
} from './signature-fields.ts'

export type AuthFailure = 'unsigned' | 'malformed' | 'skewed' | 'unknown' | 'expired' | 'token' | 'signature'
export type Caller = { accessKeyId: string } | { failure: AuthFailure }

type SignedRequest = { request: Pick<IncomingMessage, 'method' | 'url' | 'headersDistinct'>; body: Buffer }
type Verification = { service: string; region: string; credentials: CredentialLookup; now?: Date }

/**
 * Verifies the signature of a request to any service except S3. Those services hash the whole body and encode the path twice.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function authenticate({ request, body }: SignedRequest, verification: Verification): Caller {
  const { service, region, credentials, now = new Date() } = verification
  const headers = new Map(
    Object.entries(request.headersDistinct).map(([name, values]) => [name, (values ?? []).join(',')]),
  )
  const header = headers.get('authorization')
  if (!header) return { failure: 'unsigned' }
  const fields = parseSignatureFields({
    ...parseAuthorizationHeader(header),
    Date: headers.get('x-amz-date'),
  })
  if (!fields || fields.scope.service !== service || fields.scope.region !== region)
    return { failure: 'malformed' }
  const { accessKeyId, scope, signedHeaders, signature } = fields
  if (!signedHeaders.includes('host')) return { failure: 'malformed' }
  if (Math.abs(signingTime(scope) - now.getTime()) > SKEW_MS) return { failure: 'skewed' }
  const secret = credentials(accessKeyId)
  if (!secret) return { failure: 'unknown' }
  const token = headers.get('x-amz-security-token') ?? ''
  if (secret.expiration && secret.expiration <= now) return { failure: 'expired' }
  if (!constantTimeEqual(secret.sessionToken ?? '', token)) return { failure: 'token' }
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const canonical = canonicalRequest({
    method: request.method ?? '',
    // As received, encoded once; canonicalRequest encodes it again.
    path: url.pathname,
    query: url.searchParams,
    headers,
    signedHeaders,
    payload: sha256(body),
  })
  const expected = sign(signingKey(secret.secretAccessKey, scope), stringToSign(scope, [sha256(canonical)]))
  return constantTimeEqual(expected, signature) ? { accessKeyId } : { failure: 'signature' }
}
