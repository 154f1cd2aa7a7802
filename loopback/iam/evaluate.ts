import type { AccessRequest } from './access.ts'
import { meetsConditions } from './conditions.ts'
import { matchesGlob } from './glob.ts'
import type { PolicyDocument, Statement } from './policy.ts'

/** Who asks, by what rights. A session policy narrows the role's; the account's own user may do everything. */
export type Principal = {
  arn: string
  /** Of the role whose session this is. */
  roleArn?: string
  policies: readonly PolicyDocument[] | 'everything'
  session?: PolicyDocument
}

export type Decision = 'allow' | 'deny' | null

/**
 * Whether identity policies allow a request: no statement denies it, one of the role's allows it, and so does one of
 * the session policy's, if there is one.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function isAllowed({ policies, session }: Principal, request: AccessRequest): boolean {
  if (policies === 'everything') return true
  const verdicts = policies.map(policy => decide(policy, null, request))
  if (verdicts.includes('deny') || !verdicts.includes('allow')) return false
  return session === undefined || decide(session, null, request) === 'allow'
}

/**
 * What one policy says of a request. Of a resource's own policy, or a role's trust policy, only the statements for
 * `principal` count.
 */
export function decide(
  { Statement }: PolicyDocument,
  principal: Pick<Principal, 'arn' | 'roleArn'> | { service: string } | null,
  request: AccessRequest,
): Decision {
  const applying = Statement.filter(
    statement => (principal === null || names(statement, principal)) && covers(statement, request),
  )
  if (applying.some(({ Effect }) => Effect === 'Deny')) return 'deny'
  return applying.length > 0 ? 'allow' : null
}

function names(
  { Principal }: Statement,
  principal: Pick<Principal, 'arn' | 'roleArn'> | { service: string },
): boolean {
  if ('service' in principal) return Principal?.Service?.includes(principal.service) ?? false
  const { arn, roleArn } = principal
  return Principal?.AWS?.some(named => ['*', arn, roleArn].includes(named)) ?? false
}

function covers(statement: Statement, request: AccessRequest): boolean {
  const { Action, NotAction, Resource, NotResource, Condition } = statement
  const action = request.action.toLowerCase()
  const isOne = (patterns: readonly string[]) =>
    patterns.some(pattern => matchesGlob(pattern.toLowerCase(), action))
  const isOn = (patterns: readonly string[]) =>
    patterns.some(pattern => matchesGlob(pattern, request.resource))
  return (
    (Action ? isOne(Action) : !isOne(NotAction ?? [])) &&
    // A trust policy names no resource: it is about the role that it belongs to.
    (Resource ? isOn(Resource) : !isOn(NotResource ?? [])) &&
    meetsConditions(Condition ?? {}, request)
  )
}
