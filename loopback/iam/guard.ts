import { authenticate, type Refusal } from '../sigv4/authenticate.ts'
import type { CredentialLookup } from '../sigv4/signature-fields.ts'
import { type AccessRequest, type Allows, accessDeniedMessage, CONTEXT } from './access.ts'

/** Who may come in, and what they may do; a service without a guard takes any signature and allows everything. */
export type Guard = { credentials: CredentialLookup; allows: Allows }

/** A request that is turned away: the codes of services that answer in XML and in JSON, which differ. */
export class AuthError extends Error {
  override readonly name = 'Refused'
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
const REFUSALS: Record<Refusal, readonly [readonly [number, string, string], string]> = {
  unsigned: [UNSIGNED, 'The request is not signed.'],
  malformed: [
    [400, 'IncompleteSignature', 'IncompleteSignatureException'],
    'The signature is malformed, or for another service or region.',
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
 * Whose signature a request bears.
 * @throws Refused
 */
export function requireCaller(...[signed, place]: Parameters<typeof authenticate>): string {
  const caller = authenticate(signed, place)
  if ('accessKeyId' in caller) return caller.accessKeyId
  throw new AuthError(...REFUSALS[caller.refusal])
}

/** @throws Refused where the guard does not allow it; SNS and the Scheduler name it differently. */
export function requireAccess(guard: Guard, accessKeyId: string, request: AccessRequest): void {
  const asked = { ...request, context: { ...CONTEXT, ...request.context } }
  if (!guard.allows(accessKeyId, asked))
    throw new AuthError(
      [403, 'AuthorizationError', 'AccessDeniedException'],
      accessDeniedMessage(accessKeyId, request),
    )
}
