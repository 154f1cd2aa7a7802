import type { AccessRequest } from './access.ts'
import { meetsConditions } from './conditions.ts'
import { matchesGlob } from './glob.ts'
import type { PolicyDocument, Statement } from './policy.ts'

/** A caller and its policies. A session policy narrows the role's. The account's own user may do everything. */
export type Principal = {
  arn: string
  /** The role that was assumed, if this is a session. */
  roleArn?: string
  policies: readonly PolicyDocument[] | 'everything'
  session?: PolicyDocument
  /** Its credentials' additions to the context of each request: a function's sandbox names the function. */
  context?: AccessRequest['context']
}

export type Decision = 'allow' | 'deny' | null

/**
 * Whether a principal's identity policies allow a request: no statement denies it, a statement of the role allows it, as does one of the
 * session policy, if there is one. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function isAllowed({ policies, session, context }: Principal, given: AccessRequest): boolean {
  if (policies === 'everything') return true
  const request = context ? { ...given, context: { ...given.context, ...context } } : given
  const decisions = policies.map(policy => decide(policy, null, request))
  if (decisions.includes('deny') || !decisions.includes('allow')) return false
  return session === undefined || decide(session, null, request) === 'allow'
}

/**
 * Evaluates one policy; null if no statement applies. In a resource policy or a role's trust policy, only the
 * statements that name `principal` apply. For an identity policy, pass null as the principal.
 */
export function decide(
  policy: PolicyDocument,
  principal: Pick<Principal, 'arn' | 'roleArn'> | { service: string } | null,
  request: AccessRequest,
): Decision {
  const applying = statementsOn(policy, request.action).filter(
    statement =>
      (principal === null || matchesPrincipal(statement, principal)) && matchesRequest(statement, request),
  )
  if (applying.some(({ Effect }) => Effect === 'Deny')) return 'deny'
  return applying.length > 0 ? 'allow' : null
}

function matchesPrincipal(
  { Principal }: Statement,
  principal: Pick<Principal, 'arn' | 'roleArn'> | { service: string },
): boolean {
  if ('service' in principal) return Principal?.Service?.includes(principal.service) ?? false
  const { arn, roleArn } = principal
  return Principal?.AWS?.some(named => ['*', arn, roleArn].includes(named)) ?? false
}

/** The statements on each action in the policies in use. The servers know some forty actions. */
const statements = new WeakMap<PolicyDocument, Map<string, readonly Statement[]>>()

function statementsOn(policy: PolicyDocument, action: string): readonly Statement[] {
  const known = statements.get(policy) ?? new Map<string, readonly Statement[]>()
  statements.set(policy, known)
  const found =
    known.get(action) ?? policy.Statement.filter(statement => isOn(statement, action.toLowerCase()))
  known.set(action, found)
  return found
}

function isOn({ Action, NotAction }: Statement, action: string): boolean {
  const matches = (patterns: readonly string[]) =>
    patterns.some(pattern => matchesGlob(pattern.toLowerCase(), action))
  return Action ? matches(Action) : !matches(NotAction ?? [])
}

function matchesRequest(statement: Statement, request: AccessRequest): boolean {
  const { Resource, NotResource, Condition } = statement
  const matchesResource = (patterns: readonly string[]) =>
    patterns.some(pattern => matchesGlob(pattern, request.resource))
  return (
    // A trust policy has no Resource: it applies to its own role.
    (Resource ? matchesResource(Resource) : !matchesResource(NotResource ?? [])) &&
    (Condition === undefined || meetsConditions(Condition, request))
  )
}
