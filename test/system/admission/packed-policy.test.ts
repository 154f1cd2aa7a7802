import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Listening, listen } from '../../../loopback/loopback.ts'
import { openJobCredentials } from '../../../src/admission/job-credentials.ts'
import { openSts } from '../../../src/aws/sts.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { pointAwsAt } from '../../support/loopback-aws.ts'
import { makeBuild } from '../../support/records.ts'

/** The answers of STS, by the code of the error. */
const MESSAGES = {
  PackedPolicyTooLarge: 'Packed size of session tags consumes 104% of allotted space.',
  AccessDenied: 'User: lambci-http is not authorized to perform: sts:AssumeRole',
}
let code: keyof typeof MESSAGES = 'PackedPolicyTooLarge'
let server: Listening

beforeAll(async () => {
  server = await listen((_, response) => {
    const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${MESSAGES[code]}</Message></Error><RequestId>1</RequestId></ErrorResponse>`
    response.writeHead(code === 'AccessDenied' ? 403 : 400, { 'content-type': 'text/xml' }).end(body)
  })
  pointAwsAt({ sts: server.url })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

const issue = () =>
  openJobCredentials(openSts(), 'lambci-bucket', 'arn:aws:iam::123456789012:role/lambci-session')(
    makeBuild({ project: 'gh/ada/web' }),
    { key: 0, attempt: 1, identity: null },
    { secretVariables: [] },
  )

test('a policy that AWS cannot pack is an error for people, who learn how to shorten it', async () => {
  code = 'PackedPolicyTooLarge'
  await expect(issue()).rejects.toThrow(
    new UserError(
      "AWS cannot pack the rights of a build of gh/ada/web into a session policy (104% of the space). Give its branches, jobs, stages and roles shorter names, or the stack one, which is part of its bucket's.",
    ),
  )
})

test('another refusal of STS is a fault', async () => {
  code = 'AccessDenied'
  const error = await issue().catch(error => error)
  expect([error.name, error instanceof UserError]).toEqual(['AccessDenied', false])
})
