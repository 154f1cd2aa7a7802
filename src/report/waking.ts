import * as z from 'zod'
import { orderSchema } from '../admission/admission.ts'
import { type BuildRef, buildOfKey } from '../build/layout.ts'
import type { Failure } from '../build/report-record.ts'
import { projectSchema } from '../job/job.ts'

/** Why report looks at a build. Only a failure says more than "look": that one invocation died, and how. */
export type Waking = { build: BuildRef; failure: Failure | null }

const s3Schema = z.object({
  Records: z.array(z.object({ s3: z.object({ object: z.object({ key: z.string() }) }) })).min(1),
})

const switchSchema = z.object({
  switch: z.object({ project: projectSchema, number: z.int().positive() }),
})

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
const failureRecordSchema = z.object({
  requestContext: z.object({ requestId: z.string().max(100), condition: z.string() }),
  requestPayload: z.object({
    Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })).length(1),
  }),
  responsePayload: z
    .object({ errorMessage: z.string().optional(), errorType: z.string().optional() })
    .nullish(),
})

const snsSchema = z.object({ Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })).min(1) })

/** The builds that an event of S3, of the Scheduler, or of Lambda's failure destination is about. */
export function wakingsOf(event: unknown): Waking[] {
  const failed = failureRecordSchema.safeParse(event)
  if (failed.success) return [failureOf(failed.data)]
  const told = snsSchema.safeParse(event)
  if (told.success) return told.data.Records.flatMap(({ Sns }) => failureIn(Sns.Message) ?? [])
  const switched = switchSchema.safeParse(event)
  if (switched.success) return [{ build: switched.data.switch, failure: null }]
  const { Records } = s3Schema.parse(event)
  // S3 encodes keys as forms do.
  const keys = Records.map(record => decodeURIComponent(record.s3.object.key.replaceAll('+', ' ')))
  return keys.flatMap(key => {
    const build = buildOfKey(key)
    return build ? [{ build, failure: null }] : []
  })
}

function failureOf(record: z.infer<typeof failureRecordSchema>): Waking {
  const message = record.requestPayload.Records[0]?.Sns.Message ?? ''
  const { job } = orderSchema.parse(JSON.parse(message))
  const { requestId, condition } = record.requestContext
  const reason = describeFailure(condition, record.responsePayload ?? {})
  return {
    build: { project: job.project, number: job.number },
    failure: { nonce: job.nonce, requestId, reason },
  }
}

/** The failure that a text tells, or null: every build may send to the topic of failures, also what is none. */
function failureIn(text: string): Waking | null {
  try {
    return failureOf(failureRecordSchema.parse(JSON.parse(text)))
  } catch {
    console.error('A message of the topic of failures is no failure record, and was passed over.')
    return null
  }
}

type Response = { errorMessage?: string | undefined; errorType?: string | undefined }

/** What Lambda says of a dead process, in words for people. */
export function describeFailure(condition: string, { errorMessage = '', errorType = '' }: Response): string {
  if (condition === 'EventAgeExceeded') return 'no build function was free in time'
  const said = `${errorType} ${errorMessage}`
  if (/timed ?out/i.test(said)) return "it ran into the build function's own time limit"
  if (/OutOfMemory|signal: killed/.test(said)) return 'its process was killed, most likely for want of memory'
  return `its process ended: ${errorMessage.slice(0, 200) || 'nothing more is known'}`
}
