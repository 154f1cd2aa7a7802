import { createServer } from 'node:http'
import type { TestSystem } from './test-system.ts'

type Answers = {
  parameters?: Record<string, string>
  /** Of the stack. */
  status?: string
  /** Of the function that builds branches. */
  run?: { LastModified: string; State: string }
}

/**
 * Serves what commands read of AWS beside the bucket, as AWS answers: CloudFormation's DescribeStacks for the stack `lambci`, whose
 * outputs name the bucket of the test system, and Lambda's GetFunctionConfiguration. `env` makes the SDK use it.
 */
export async function serveStack(
  ci: TestSystem,
  { parameters = {}, status = 'CREATE_COMPLETE', run }: Answers = {},
) {
  const { addresses, keys, servers } = ci.system
  const member = (key: string, value: string, kind: 'Output' | 'Parameter') =>
    `<member><${kind}Key>${key}</${kind}Key><${kind}Value>${value}</${kind}Value></member>`
  const outputs = status.includes('ROLLBACK')
    ? []
    : [member('Bucket', addresses.bucket, 'Output'), member('Url', `${addresses.url}/`, 'Output')]
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith('/2015-03-31/functions/')) {
      const isKnown = run && request.url === '/2015-03-31/functions/lambci-run-branch/configuration'
      response.setHeader('content-type', 'application/json')
      if (!isKnown) response.setHeader('x-amzn-errortype', 'ResourceNotFoundException')
      const answer = isKnown
        ? { FunctionName: 'lambci-run-branch', ...run }
        : { Message: 'Function not found' }
      response.writeHead(isKnown ? 200 : 404).end(JSON.stringify(answer))
      return
    }
    const body = new URLSearchParams(Buffer.concat(await request.toArray()).toString())
    const isKnown = body.get('StackName') === 'lambci'
    response.writeHead(isKnown ? 200 : 400, { 'content-type': 'text/xml' }).end(
      isKnown
        ? `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>lambci</StackName><CreationTime>2026-11-21T10:00:00Z</CreationTime><StackStatus>${status}</StackStatus><Outputs>${outputs.join('')}</Outputs><Parameters>${Object.entries(
            parameters,
          )
            .map(([key, value]) => member(key, value, 'Parameter'))
            .join('')}</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
        : `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id ${body.get('StackName')} does not exist</Message></Error></ErrorResponse>`,
    )
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as { port: number }
  return {
    env: {
      AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${port}`,
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${port}`,
      AWS_ENDPOINT_URL_S3: servers.s3.url,
      AWS_ENDPOINT_URL_STS: servers.sts.url,
      AWS_REGION: addresses.region,
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    },
    close: () => new Promise(closed => server.close(closed)),
  }
}
