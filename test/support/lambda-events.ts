/** Events in the format that AWS passes to functions, from its documentation; tests fill in the variable parts. */

const ACCOUNT = '123456789012'

/** A request to a function URL: header names in lower case, the body in base64, as for any type that is not text. */
export const urlEvent = (
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
) => {
  const [rawPath = '', rawQueryString = ''] = path.split('?')
  const domainName = 'x4z2wq7abcdefghijklmnopqrstuvwxy.lambda-url.us-east-1.on.aws'
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    cookies: ['theme=dark', 'tracking=none'],
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      host: domainName,
      accept: headers.accept ?? '*/*',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-amzn-tls-version': 'TLSv1.3',
      'x-amzn-tls-cipher-suite': 'TLS_AES_128_GCM_SHA256',
      'x-amzn-trace-id': 'Root=1-65f1a2b3-0123456789abcdef01234567',
      'x-forwarded-for': '140.82.115.1',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    ...(rawQueryString && {
      queryStringParameters: Object.fromEntries(new URLSearchParams(rawQueryString)),
    }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'x4z2wq7abcdefghijklmnopqrstuvwxy',
      domainName,
      domainPrefix: 'x4z2wq7abcdefghijklmnopqrstuvwxy',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '140.82.115.1',
        userAgent: 'GitHub-Hookshot/044aadd',
      },
      requestId: 'e1506fd5-9e7b-434f-bd42-4f8fa224b599',
      routeKey: '$default',
      stage: '$default',
      time: '21/Nov/2026:10:00:00 +0000',
      timeEpoch: 1795255200000,
    },
    ...(body !== undefined && { body: Buffer.from(body).toString('base64') }),
    isBase64Encoded: body !== undefined,
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export const snsEvent = (topic: string, message: string, attributes: Record<string, string> = {}) => ({
  Records: [
    {
      EventVersion: '1.0',
      EventSubscriptionArn: `arn:aws:sns:us-east-1:${ACCOUNT}:${topic}:21be56ed-a058-49f5-8c98-aedd2564c486`,
      EventSource: 'aws:sns',
      Sns: {
        SignatureVersion: '1',
        Timestamp: '2026-11-21T10:00:00.000Z',
        Signature: 'tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j...65r==',
        SigningCertUrl: 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-ac565b8b.pem',
        MessageId: '95df01b4-ee98-5cb9-9903-4c221d41eb5e',
        Message: message,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, Value]) => [name, { Type: 'String', Value }]),
        ),
        Type: 'Notification',
        UnsubscribeUrl: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
        TopicArn: `arn:aws:sns:us-east-1:${ACCOUNT}:${topic}`,
        Subject: null,
      },
    },
  ],
})

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html: keys are form-encoded, except for slashes. */
export const s3Event = (bucket: string, ...keys: string[]) => ({
  Records: keys.map(key => ({
    eventVersion: '2.4',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventTime: '2026-11-21T10:00:00.000Z',
    eventName: 'ObjectCreated:Put',
    userIdentity: { principalId: 'AWS:AROAEXAMPLE:gh.ada.web-7' },
    requestParameters: { sourceIPAddress: '203.0.113.7' },
    responseElements: { 'x-amz-request-id': 'EXAMPLE123456789', 'x-amz-id-2': 'EXAMPLE123/5678abcdef' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: '828aa6fc-f7b5-4305-8584-487c791949c1',
      bucket: {
        name: bucket,
        ownerIdentity: { principalId: 'A3NL1KOZZKExample' },
        arn: `arn:aws:s3:::${bucket}`,
      },
      object: {
        key: new URLSearchParams({ key }).toString().slice(4).replaceAll('%2F', '/'),
        size: 1024,
        eTag: 'd41d8cd98f00b204e9800998ecf8427e',
        sequencer: '0055AED6DCD90281E5',
      },
    },
  })),
})

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
export const failureRecord = (requestId: string, requestPayload: unknown) => ({
  version: '1.0',
  timestamp: '2026-11-21T10:15:00.000Z',
  requestContext: {
    requestId,
    functionArn: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:lambci-run-protected:$LATEST`,
    condition: 'RetriesExhausted',
    approximateInvokeCount: 1,
  },
  requestPayload,
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  responsePayload: {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${requestId} Error: Task timed out after 900.00 seconds`,
  },
})
