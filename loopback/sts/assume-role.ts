import * as z from 'zod'
import type { Query } from '../aws-query/query.ts'
import { notImplemented, QueryError } from '../aws-query/query-error.ts'
import { accessDeniedMessage, CONTEXT } from '../iam/access.ts'
import { decide, isAllowed, type Principal } from '../iam/evaluate.ts'
import { type PolicyDocument, policySchema } from '../iam/policy.ts'

/** A role as declared by a template. */
export type RoleDefinition = {
  name: string
  arn: string
  trust: PolicyDocument
  policies: readonly PolicyDocument[]
}

export type AssumedRole = {
  role: RoleDefinition
  sessionName: string
  seconds: number
  policy: string | null
}

const HOUR_S = 3600
const ACTION = 'sts:AssumeRole'

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const requestSchema = z.object({
  RoleArn: z.string().min(20).max(2048),
  RoleSessionName: z.string().regex(/^[\w+=,.@-]{2,64}$/),
  DurationSeconds: z.coerce.number().int().min(900).max(43_200).default(HOUR_S),
  Policy: z.string().min(1).max(2048).optional(),
})
const PARAMETERS = new Set(['Action', 'Version', ...Object.keys(requestSchema.shape)])

const invalid = (message: string) => new QueryError(400, 'ValidationError', message)

/**
 * Checks that the caller may assume the requested role: both the caller's own policies and the role's trust policy
 * must allow it.
 * @throws QueryError if the request is invalid or not allowed
 */
export function assumeRole(
  query: Query,
  caller: Principal,
  roles: ReadonlyMap<string, RoleDefinition>,
): AssumedRole {
  const unsupported = [...query.keys()].find(name => !PARAMETERS.has(name))
  if (unsupported) throw notImplemented(`The parameter ${unsupported} of AssumeRole`)
  const parsed = requestSchema.safeParse(Object.fromEntries(query))
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' }
    throw invalid(`1 validation error detected: Value at '${path.join('.')}' is not valid: ${message}`)
  }
  const { RoleArn, RoleSessionName, DurationSeconds, Policy = null } = parsed.data
  const role = roles.get(RoleArn)
  const request = { action: ACTION, resource: RoleArn, context: CONTEXT }
  const trusts = role && decide(role.trust, caller, request) === 'allow'
  // As in AWS, a missing role gives the same error as a forbidden one.
  if (!role || !trusts || !isAllowed(caller, request))
    throw new QueryError(403, 'AccessDenied', accessDeniedMessage(caller.arn, request))
  if (caller.roleArn && DurationSeconds > HOUR_S)
    throw invalid(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    )
  if (Policy !== null) checkPolicy(Policy)
  return { role, sessionName: RoleSessionName, seconds: DurationSeconds, policy: Policy }
}

function checkPolicy(text: string): void {
  try {
    policySchema.parse(JSON.parse(text))
  } catch {
    throw new QueryError(400, 'MalformedPolicyDocument', 'The policy document is malformed.')
  }
}
