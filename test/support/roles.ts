import { policySchema } from '../../loopback/iam/policy.ts'
import type { RoleDefinition } from '../../loopback/sts/assume-role.ts'

/** The ARN of a role of the loopback account. */
export const roleArn = (name: string) => `arn:aws:iam::000000000000:role/${name}`

/** A role for deploys or jobs that trusts the stack's session role, as docs/stages/README.md describes it. */
export const roleOf = (name: string, ...statements: object[]): RoleDefinition => ({
  name,
  arn: roleArn(name),
  trust: policySchema.parse({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: roleArn('lambci-session') }, Action: 'sts:AssumeRole' },
  }),
  policies: statements.map(statement =>
    policySchema.parse({ Version: '2012-10-17', Statement: { Effect: 'Allow', ...statement } }),
  ),
})

/** The rights of the shared test system's roles: they may write the files of a site. */
export const SITE = 'site-of-the-tests'
export const SITE_WRITES = { Action: 's3:PutObject', Resource: `arn:aws:s3:::*/${SITE}/*` }
