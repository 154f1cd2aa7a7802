import type { Location } from './definition.ts'

/** A request as received by the function URL's server. */
export type HttpRequest = {
  method: string
  /** Path and query, still percent-encoded. */
  target: string
  httpVersion: string
  headers: NodeJS.Dict<string[]>
  sourceIp: string
  body: Buffer
}

const TEXT = /^(text\/[^;]*|application\/(json|javascript|xml))\s*(;|$)/i

/**
 * Converts a request to the event of a function URL (payload format 2.0).
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload
 */
export function httpEvent(request: HttpRequest, location: Location, requestId: string, now: Date) {
  const { cookie, ...distinct } = request.headers
  const headers: Record<string, string> = {}
  for (const [name, values] of Object.entries(distinct)) if (values) headers[name] = values.join(',')
  const [rawPath = '/', ...query] = request.target.split('?')
  const rawQueryString = query.join('?')
  const cookies = (cookie ?? []).flatMap(line => line.split(/;\s*/)).filter(Boolean)
  const domainName = headers.host ?? '127.0.0.1'
  const isText = TEXT.test(headers['content-type'] ?? '') && !headers['content-encoding']
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers: { ...headers, 'x-forwarded-for': request.sourceIp, 'x-forwarded-proto': 'http' },
    ...(rawQueryString && { queryStringParameters: joined(new URLSearchParams(rawQueryString)) }),
    requestContext: {
      accountId: location.account,
      apiId: domainName.split(/[.:]/)[0] ?? '',
      domainName,
      domainPrefix: domainName.split(/[.:]/)[0] ?? '',
      http: {
        method: request.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...(request.body.length > 0 && { body: request.body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: request.body.length > 0 && !isText,
  }
}

function joined(query: URLSearchParams) {
  return Object.fromEntries([...new Set(query.keys())].map(name => [name, query.getAll(name).join(',')]))
}

/** `12/Mar/2020:19:03:58 +0000` */
function commonLogTime(time: Date) {
  const [, day, month, year, clock] = time.toUTCString().split(' ')
  return `${day}/${month}/${year}:${clock} +0000`
}
