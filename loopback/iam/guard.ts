import { type AuthFailure, authenticate } from '../sigv4/authenticate.ts'
import type { CredentialLookup } from '../sigv4/signature-fields.ts'
import { type AccessRequest, type Allows, accessDeniedMessage, CONTEXT } from './access.ts'

/**
 * Verifies signatures and permissions. A service without a guard accepts any signature and allows everything.
 */
export type Guard = { credentials: CredentialLookup; allows: Allows }

/**
 * A request whose signature or permission was rejected. `code` is the error code of services that respond with XML,
 * `jsonCode` that of services that respond with JSON.
 */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  readonly status: number
  readonly code: string
  readonly jsonCode: string

  constructor([status, code, jsonCode]: readonly [number, string, string], message: string) {
    super(message)
    this.status = status
    this.code = code
    this.jsonCode = jsonCode
  }
}

const UNSIGNED = [403, 'MissingAuthenticationToken', 'MissingAuthenticationTokenException'] as const
const UNKNOWN = [403, 'InvalidClientTokenId', 'UnrecognizedClientException'] as const
const MISMATCH = [403, 'SignatureDoesNotMatch', 'InvalidSignatureException'] as const

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html */
const FAILURES: Record<AuthFailure, readonly [readonly [number, string, string], string]> = {
  unsigned: [UNSIGNED, 'The request is not signed.'],
  malformed: [
    [400, 'IncompleteSignature', 'IncompleteSignatureException'],
    'The signature is malformed, or it is for another service or region.',
  ],
  skewed: [MISMATCH, 'Signature expired: the clocks differ by more than 15 minutes.'],
  unknown: [UNKNOWN, 'The security token included in the request is invalid.'],
  token: [UNKNOWN, 'The security token included in the request is invalid.'],
  expired: [
    [403, 'ExpiredToken', 'ExpiredTokenException'],
    'The security token included in the request is expired.',
  ],
  signature: [MISMATCH, 'The request signature we calculated does not match the signature you provided.'],
}

/**
 * Returns the access key id that signed the request.
 * @throws AuthError if the signature is missing, invalid or expired
 */
export function requireCaller(...[signed, verification]: Parameters<typeof authenticate>): string {
  const caller = authenticate(signed, verification)
  if ('accessKeyId' in caller) return caller.accessKeyId
  throw new AuthError(...FAILURES[caller.failure])
}

/** @throws AuthError if the guard does not allow the request. SNS and the Scheduler have different codes for it. */
export function requireAccess(guard: Guard, accessKeyId: string, request: AccessRequest): void {
  const needed = { ...request, context: { ...CONTEXT, ...request.context } }
  if (!guard.allows(accessKeyId, needed))
    throw new AuthError(
      [403, 'AuthorizationError', 'AccessDeniedException'],
      accessDeniedMessage(accessKeyId, request),
    )
}
