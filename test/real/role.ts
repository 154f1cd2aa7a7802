import { policySchema } from '../../loopback/iam/policy.ts'
import type { RoleDefinition } from '../../loopback/sts/assume-role.ts'

const ACCOUNT = '000000000000'

/** A role for deploys or jobs that trusts the stack's session role, as docs/stages/README.md describes it. */
export const roleOf = (name: string, ...statements: object[]): RoleDefinition => ({
  name,
  arn: `arn:aws:iam::${ACCOUNT}:role/${name}`,
  trust: policySchema.parse({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/lambci-session` },
      Action: 'sts:AssumeRole',
    },
  }),
  policies: statements.map(statement =>
    policySchema.parse({ Version: '2012-10-17', Statement: { Effect: 'Allow', ...statement } }),
  ),
})
