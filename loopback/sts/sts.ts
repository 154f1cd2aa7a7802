import { type Action, type SignedRequest, serveQuery } from '../aws-query/server.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { Principal } from '../iam/evaluate.ts'
import { requireCaller } from '../iam/guard.ts'
import { type PolicyDocument, policySchema } from '../iam/policy.ts'
import { listen } from '../loopback.ts'
import type { CredentialLookup } from '../sigv4/signature-fields.ts'
import { assumeRole, type RoleDefinition } from './assume-role.ts'
import { newKeys, openSessions, type Session, type Sessions } from './sessions.ts'

export type StsOptions = {
  port?: number
  directory: string
  region?: string
  account?: string
  /** The credentials of the account's own user, who has all permissions. */
  credentials: CredentialLookup
  roles: readonly RoleDefinition[]
  clock?: Clock
}

export type IssuedCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken: string }

export type Sts = {
  url: string
  /** Finds the user's own keys and all issued keys. */
  credentials: CredentialLookup
  principalOf(accessKeyId: string): Principal | undefined
  /**
   * Issues credentials of a role, like Lambda: for the sandboxes of a function, whose requests then name it, or, without one, for actions
   * on its behalf. They are valid until this server stops.
   * https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
   */
  issue(roleArn: string, functionArn?: string): IssuedCredentials
  close(): Promise<void>
}

type Host = {
  location: { region: string; account: string }
  own: CredentialLookup
  roles: ReadonlyMap<string, RoleDefinition>
  sessions: Sessions
  /** Credentials issued to functions, by access key. */
  functions: Map<string, { role: RoleDefinition; keys: IssuedCredentials; functionArn: string | undefined }>
  clock: Clock
}

/** STS on loopback, for the SDK: sessions of roles, narrowed by session policies. */
export async function startSts(options: StsOptions): Promise<Sts> {
  const { region = 'us-east-1', account = '000000000000', clock = systemClock, directory } = options
  const host: Host = {
    location: { region, account },
    own: options.credentials,
    roles: new Map(options.roles.map(role => [role.arn, role])),
    sessions: openSessions(directory, () => clock.now()),
    functions: new Map(),
    clock,
  }
  const actions = new Map<string, Action>([
    ['AssumeRole', (query, signed) => answerAssumeRole(host, query, signed)],
    ['GetCallerIdentity', (_, signed) => describeCaller(host, signed)],
  ])
  const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'
  const service = serveQuery({ version: '2011-06-15', namespace, actions })
  const server = await listen(service, { port: options.port }).catch(error => {
    host.sessions.close()
    throw error
  })
  return {
    url: server.url,
    credentials: id => findCredentials(host, id),
    principalOf: id => principalOf(host, id),
    issue: (roleArn, functionArn) => issue(host, roleArn, functionArn),
    close: async () => {
      await server.close()
      host.sessions.close()
    },
  }
}

function answerAssumeRole(host: Host, query: Parameters<Action>[0], signed: SignedRequest) {
  const { role, sessionName, seconds, policy } = assumeRole(query, callerOf(host, signed), host.roles)
  const expiration = host.clock.now() + seconds * 1000
  const session = host.sessions.issue({ roleName: role.name, name: sessionName, policy, expiration })
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(expiration).toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: `AROA:${sessionName}`, Arn: sessionArn(host, role.name, sessionName) },
  }
}

function describeCaller(host: Host, signed: SignedRequest) {
  const { arn } = callerOf(host, signed)
  return { UserId: arn.split('/').at(-1) ?? '', Account: host.location.account, Arn: arn }
}

function callerOf(host: Host, signed: SignedRequest): Principal {
  const { location, clock } = host
  const credentials: CredentialLookup = id => findCredentials(host, id)
  const now = new Date(clock.now())
  const accessKeyId = requireCaller(signed, { service: 'sts', region: location.region, credentials, now })
  const principal = principalOf(host, accessKeyId)
  if (principal) return principal
  throw new Error(`The access key ${accessKeyId} has no principal`)
}

function issue({ roles, functions }: Host, roleArn: string, functionArn?: string): IssuedCredentials {
  const role = roles.get(roleArn)
  if (!role) throw new Error(`There is no role ${roleArn}`)
  const keys = newKeys()
  functions.set(keys.accessKeyId, { role, keys, functionArn })
  return keys
}

function findCredentials(host: Host, accessKeyId: string) {
  const issued = host.functions.get(accessKeyId)?.keys ?? host.own(accessKeyId)
  if (issued) return issued
  const session = host.sessions.find(accessKeyId)
  return session && roleOf(host, session) && { ...session, expiration: new Date(session.expiration) }
}

function principalOf(host: Host, accessKeyId: string): Principal | undefined {
  if (host.own(accessKeyId))
    return { arn: `arn:aws:iam::${host.location.account}:root`, policies: 'everything' }
  const issued = host.functions.get(accessKeyId)
  if (issued)
    return {
      ...sessionOf(host, issued.role, issued.role.name),
      ...(issued.functionArn && { context: { 'lambda:SourceFunctionArn': issued.functionArn } }),
    }
  const session = host.sessions.find(accessKeyId)
  const role = session && roleOf(host, session)
  if (!role) return undefined
  const policy = policyOf(session)
  return { ...sessionOf(host, role, session.name), ...(policy && { session: policy }) }
}

/** Session policies are long, and a session never changes. */
const parsedPolicies = new WeakMap<Session, PolicyDocument>()

function policyOf(session: Session): PolicyDocument | null {
  if (session.policy === null) return null
  const parsed = parsedPolicies.get(session) ?? policySchema.parse(JSON.parse(session.policy))
  parsedPolicies.set(session, parsed)
  return parsed
}

/** Undefined if the role has been removed from the template; its sessions are then invalid. */
const roleOf = ({ roles }: Host, { roleName }: Session) =>
  [...roles.values()].find(({ name }) => name === roleName)

const sessionOf = (host: Host, role: RoleDefinition, name: string): Principal => ({
  arn: sessionArn(host, role.name, name),
  roleArn: role.arn,
  policies: role.policies,
})

const sessionArn = ({ location }: Host, roleName: string, name: string) =>
  `arn:aws:sts::${location.account}:assumed-role/${roleName}/${name}`
