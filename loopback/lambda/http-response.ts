import * as z from 'zod'

export type HttpResponse = { status: number; headers: Record<string, string | string[]>; body: Buffer }

const responseSchema = z.object({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), z.coerce.string()).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
})

/** The connection is the server's business, not the function's. */
const HOP_BY_HOP = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'])

/**
 * What a function URL answers for a function's result: a result without `statusCode` is a body of its own.
 * Null where the result is none that Lambda understands.
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
  const own = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
  return {
    status: statusCode,
    headers: {
      'content-type': 'application/json',
      ...Object.fromEntries(own.filter(([name]) => !HOP_BY_HOP.has(name))),
      ...(cookies?.length && { 'set-cookie': cookies }),
    },
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  }
}
