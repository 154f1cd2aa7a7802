import { z } from '../model/zod.ts'

const requestSchema = z.object({
  rawPath: z.string(),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
  headers: z.record(z.string(), z.string().optional()),
})

/** The fields of a request in the log. The query is left out, because it may contain a key; the only header is the delivery's id. */
export function describeRequest(event: unknown) {
  const request = requestSchema.safeParse(event).data
  return {
    method: request?.requestContext.http.method,
    path: request?.rawPath.slice(0, 300),
    delivery: request?.headers['x-github-delivery']?.slice(0, 100),
  }
}

const answerSchema = z.object({ statusCode: z.number(), body: z.string().optional() })
const admittedSchema = z.object({ project: z.string(), number: z.number(), trigger: z.string() })

/** The status of an answer, and the build that a delivery has started. */
export function describeAnswer(answer: unknown) {
  const { statusCode: status, body } = answerSchema.safeParse(answer).data ?? {}
  if (status !== 202 || body === undefined) return { status }
  try {
    const { data } = admittedSchema.safeParse(JSON.parse(body))
    return { status, ...(data && { build: `${data.project}#${data.number}` }) }
  } catch {
    return { status }
  }
}
