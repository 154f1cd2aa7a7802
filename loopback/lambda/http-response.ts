import * as z from 'zod'

export type HttpResponse = { status: number; headers: Record<string, string | string[]>; body: Buffer }

const responseSchema = z.object({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), z.coerce.string()).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
})

/** The server manages the connection, so it ignores these headers of a function. */
const HOP_BY_HOP = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'])

/**
 * Converts a function's result to the response of a function URL. A result without `statusCode` is the body of a 200.
 * Null if the result is invalid.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload
 */
export function toHttpResponse(result: unknown): HttpResponse | null {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const body = typeof result === 'string' ? result : JSON.stringify(result)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) }
  }
  const parsed = responseSchema.safeParse(result)
  if (!parsed.success) return null
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data
  const ownHeaders = Object.entries(headers ?? {}).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  )
  return {
    status: statusCode,
    headers: {
      'content-type': 'application/json',
      ...Object.fromEntries(ownHeaders.filter(([name]) => !HOP_BY_HOP.has(name))),
      ...(cookies?.length && { 'set-cookie': cookies }),
    },
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  }
}
