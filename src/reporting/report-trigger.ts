import { type JobMessage, jobMessageSchema } from '../admission/grants.ts'
import { projectSchema } from '../model/names.ts'
import { z } from '../model/zod.ts'
import { type BuildRef, buildKeys, recordOfKey } from '../records/keys.ts'
import type { Knowledge } from './with-report.ts'

/**
 * A build that report must look at, and what the event says about it. `since`: it is another look, because something could not be reported
 * since then.
 */
export type ReportTrigger = { build: BuildRef; since?: string } & Knowledge

const s3RecordSchema = z.object({
  eventTime: z.iso.datetime(),
  s3: z.object({ object: z.object({ key: z.string() }) }),
})
const s3EventSchema = z.object({ Records: z.array(z.looseObject({ s3: z.unknown() })).min(1) })

const switchEventSchema = z.object({
  switch: z.object({
    project: projectSchema,
    number: z.int().positive(),
    since: z.iso.datetime().optional(),
  }),
})

/** The message with which a job's function was invoked: in SNS's envelope or, by report, the message itself. */
const requestPayloadSchema = z.union([
  z.strictObject({ Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })).length(1) }),
  jobMessageSchema.strict(),
])

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
const failureRecordSchema = z.object({
  requestContext: z.object({ requestId: z.string().max(100), condition: z.string() }),
  requestPayload: requestPayloadSchema,
  responsePayload: z
    .object({ errorMessage: z.string().optional(), errorType: z.string().optional() })
    .nullish(),
})

const snsEventSchema = z.object({
  Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })).min(1),
})

/** The builds that an event of S3, EventBridge Scheduler or Lambda's failure destination is about. */
export function reportTriggersOf(event: unknown): ReportTrigger[] {
  const failure = failureRecordSchema.safeParse(event)
  if (failure.success) return [triggerOf(failure.data)]
  const messages = snsEventSchema.safeParse(event)
  if (messages.success) return messages.data.Records.flatMap(({ Sns }) => parseFailure(Sns.Message) ?? [])
  const fired = switchEventSchema.safeParse(event)
  if (fired.success) {
    const { since, ...build } = fired.data.switch
    return [{ build, failure: null, isGone: false, ...(since !== undefined && { since }) }]
  }
  const { Records } = s3EventSchema.parse(event)
  return Records.flatMap(record => parseS3Record(record) ?? [])
}

/** Null for a key without a build, and for a record of another form, which must not prevent a look at the others. */
function parseS3Record(record: unknown): ReportTrigger | null {
  try {
    const { eventTime, s3 } = s3RecordSchema.parse(record)
    // S3 encodes keys like the values of a form.
    const key = decodeURIComponent(s3.object.key.replaceAll('+', ' '))
    const found = recordOfKey(key)
    if (!found) return null
    const { job, ...build } = found
    // For other jobs, their ends tell report when they were claimed.
    if (job?.record === 'claim' && job.key > 0) return null
    const isGone = key === buildKeys(build).gone
    return {
      ...{ build, failure: null, isGone },
      ...(job?.record === 'claim' && { claimedAt: eventTime }),
    }
  } catch (error) {
    console.error('A record of an S3 event cannot be read. It was ignored.', error)
    return null
  }
}

function triggerOf(record: z.infer<typeof failureRecordSchema>): ReportTrigger {
  const { build, job } = messageOf(record.requestPayload)
  const { requestId, condition } = record.requestContext
  const reason = describeFailure(condition, record.responsePayload ?? {})
  return {
    build: { project: build.project, number: build.number },
    failure: {
      nonce: job.nonce ?? build.nonce,
      requestId,
      reason,
      ...(job.key + job.attempt > 1 && { job: job.key, attempt: job.attempt }),
    },
    isGone: false,
  }
}

function messageOf(payload: z.infer<typeof requestPayloadSchema>): JobMessage {
  if (!('Records' in payload)) return payload
  return jobMessageSchema.parse(JSON.parse(payload.Records[0]?.Sns.Message ?? ''))
}

/** Null for anything except a failure record: every build may publish to the topic of failures. */
function parseFailure(text: string): ReportTrigger | null {
  try {
    return triggerOf(failureRecordSchema.parse(JSON.parse(text)))
  } catch {
    console.error('A message of the failure topic is not a failure record. It was ignored.')
    return null
  }
}

type Response = { errorMessage?: string | undefined; errorType?: string | undefined }

/** Why an invocation died, in words that may follow a colon. */
export function describeFailure(condition: string, { errorMessage = '', errorType = '' }: Response): string {
  if (condition === 'EventAgeExceeded') return 'no build function was free in time'
  const error = `${errorType} ${errorMessage}`
  if (/timed ?out/i.test(error)) return "it ran into the build function's own time limit"
  if (/OutOfMemory|signal: killed/.test(error))
    return 'its process was killed, most likely for lack of memory'
  return `its process ended: ${errorMessage.slice(0, 200) || 'nothing more is known'}`
}
