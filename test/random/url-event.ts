/** Headers as they arrive: pairs, because one may be there twice, in any spelling. */
export type EventHeaders = readonly (readonly [name: string, value: string])[]
export type Event = ReturnType<typeof urlEventOf>

const DOMAIN = 'x4z2wq7abcdefghijklmnopqrstuvwxy.lambda-url.us-east-1.on.aws'
export const ORIGIN = `https://${DOMAIN}`

/**
 * The event of a POST to a function URL. AWS joins headers of one name with a comma. It sets `domainName` itself, whatever the
 * headers say, and decides whether the body is encoded. Here names keep their spelling, as an HTTP server could pass them on.
 */
export function urlEventOf(headers: EventHeaders, body: Uint8Array, isBase64Encoded: boolean) {
  const joined: Record<string, string> = {}
  for (const [name, value] of headers) joined[name] = name in joined ? `${joined[name]},${value}` : value
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/webhook',
    rawQueryString: '',
    headers: joined,
    requestContext: {
      domainName: DOMAIN,
      http: { method: 'POST', path: '/webhook', protocol: 'HTTP/1.1', sourceIp: '140.82.115.1' },
    },
    body: isBase64Encoded ? Buffer.from(body).toString('base64') : Buffer.from(body).toString('utf8'),
    isBase64Encoded,
  }
}
