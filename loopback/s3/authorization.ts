import type { KeyObject } from 'node:crypto'
import * as z from 'zod'
import {
  ALGORITHM,
  canonicalRequest,
  constantTimeEqual,
  type Scope,
  scopeText,
  sha256,
  sign,
  signingKey,
  stringToSign,
} from '../sigv4/signature.ts'
import {
  type CredentialLookup,
  parseAuthorizationHeader,
  parseSignatureFields,
  type Secret,
  SIGNATURE_FIELD_NAMES,
  type SignatureFields,
  SKEW_MS,
  signingTime,
} from '../sigv4/signature-fields.ts'
import { Fault } from './faults.ts'
import type { S3Request } from './request.ts'

/** The caller, and the fields to verify the body. */
export type Authorization = {
  accessKeyId: string
  /** `x-amz-content-sha256`: the body's hash, or a marker for the way the body is signed. */
  payload: string
  scope: Scope
  key: KeyObject
  signature: string
}

type S3SignatureFields = SignatureFields & { payload: string | undefined; token: string | undefined }

export const PRESIGNED = 'X-Amz-Algorithm'
// In seconds; S3 allows a week.
const expirySchema = z.coerce.number().int().min(1).max(604_800)

/**
 * Verifies the signature in the header or the query of a request.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 * @throws {Fault} AccessDenied, SignatureDoesNotMatch and similar
 */
export function authorize(
  request: S3Request,
  lookUp: CredentialLookup,
  region: string,
  now = new Date(),
): Authorization {
  const fields = request.query.has(PRESIGNED) ? fieldsFromQuery(request, now) : fieldsFromHeader(request, now)
  const { accessKeyId, scope, signedHeaders, signature, payload } = fields
  if (scope.region !== region || scope.service !== 's3' || !scope.time.startsWith(scope.date))
    throw new Fault(
      'AuthorizationHeaderMalformed',
      `The credential scope '${scopeText(scope)}' is wrong; expecting '${scope.time.slice(0, 8)}/${region}/s3/aws4_request'.`,
      { Region: region },
    )
  const secret = lookUp(accessKeyId)
  if (!secret) throw new Fault('InvalidAccessKeyId', undefined, { AWSAccessKeyId: accessKeyId })
  verifyToken(secret, fields.token, now)
  if (!payload)
    throw new Fault('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
  verifySignedHeaders(request, signedHeaders)
  const canonical = canonicalRequest({ ...request, signedHeaders, payload })
  const toSign = stringToSign(scope, [sha256(canonical)])
  const key = signingKey(secret.secretAccessKey, scope)
  if (!constantTimeEqual(sign(key, toSign), signature))
    throw new Fault('SignatureDoesNotMatch', undefined, {
      AWSAccessKeyId: accessKeyId,
      StringToSign: toSign,
      CanonicalRequest: canonical,
    })
  return { accessKeyId, payload, scope, key, signature }
}

function fieldsFromHeader({ headers, query }: S3Request, now: Date): S3SignatureFields {
  // Signature Version 2 has other parameter names in the query.
  const header = headers.get('authorization') ?? (query.has('AWSAccessKeyId') ? 'AWS' : undefined)
  if (!header) throw new Fault('AccessDenied')
  const values = parseAuthorizationHeader(header)
  if (values.Algorithm !== ALGORITHM)
    throw new Fault(
      'InvalidRequest',
      `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    )
  const date = headers.get('x-amz-date')
  if (!date) throw new Fault('AccessDenied', 'AWS authentication requires a valid x-amz-date header.')
  const fields = parseSignatureFields({ ...values, Date: date })
  if (!fields) throw new Fault('AuthorizationHeaderMalformed')
  if (Math.abs(signingTime(fields.scope) - now.getTime()) > SKEW_MS)
    throw new Fault('RequestTimeTooSkewed', undefined, { RequestTime: date, ServerTime: now.toISOString() })
  return {
    ...fields,
    payload: headers.get('x-amz-content-sha256'),
    token: headers.get('x-amz-security-token'),
  }
}

function fieldsFromQuery({ headers, query }: S3Request, now: Date): S3SignatureFields {
  const field = (name: string) => query.get(`X-Amz-${name}`) ?? undefined
  const fields = parseSignatureFields(
    Object.fromEntries(SIGNATURE_FIELD_NAMES.map(name => [name, field(name)])),
  )
  const expires = expirySchema.safeParse(field('Expires'))
  if (!fields || !expires.success) throw new Fault('AuthorizationQueryParametersError')
  const signedAt = signingTime(fields.scope)
  if (signedAt > now.getTime() + SKEW_MS) throw new Fault('AccessDenied', 'Request is not valid yet')
  if (now.getTime() > signedAt + expires.data * 1000) throw new Fault('AccessDenied', 'Request has expired')
  const payload = field('Content-Sha256') ?? headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD'
  return { ...fields, payload, token: field('Security-Token') }
}

function verifyToken({ sessionToken, expiration }: Secret, token: string | undefined, now: Date): void {
  if (expiration && expiration <= now) throw new Fault('ExpiredToken')
  if (!constantTimeEqual(sessionToken ?? '', token ?? '')) throw new Fault('InvalidToken')
}

/** Unsigned headers could be changed in transit. S3 requires that Host and all x-amz-* headers are signed. */
function verifySignedHeaders({ headers }: S3Request, signedHeaders: string[]): void {
  const unsigned = [...headers.keys()].filter(
    name => (name === 'host' || name.startsWith('x-amz-')) && !signedHeaders.includes(name),
  )
  if (unsigned.length > 0)
    throw new Fault('AccessDenied', 'There were headers present in the request which were not signed', {
      HeadersNotSigned: unsigned.join(', '),
    })
}
