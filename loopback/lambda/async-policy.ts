import type { FunctionError, InvocationResult } from './invocation-result.ts'

/** An event of the asynchronous queue; times in ms since 1970. */
export type QueuedEvent = {
  requestId: string
  functionName: string
  payload: string
  acceptedAt: number
  dueAt: number
  /** How often it was begun; above `failures + 1` where the host died in between. */
  invocations: number
  failures: number
  lastError: FunctionError | null
}

export type Condition = 'RetriesExhausted' | 'EventAgeExceeded'

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
export type FailureRecord = {
  version: '1.0'
  timestamp: string
  requestContext: {
    requestId: string
    functionArn: string
    condition: Condition
    approximateInvokeCount: number
  }
  requestPayload: unknown
  responseContext?: { statusCode: 200; executedVersion: '$LATEST'; functionError: 'Unhandled' }
  responsePayload?: FunctionError
}

/** How often and how long an event is tried; `delaysMs` are those before the first and the second retry. */
export type RetryPolicy = { attempts: number; ageMs: number; delaysMs: readonly number[] }

export type Decision =
  | { kind: 'done' }
  | { kind: 'retry'; dueAt: number }
  | { kind: 'discard'; condition: Condition }

/** What becomes of an event after its `failures`th failure, or its success. */
export function decide(
  result: InvocationResult,
  failures: number,
  policy: RetryPolicy,
  now: number,
): Decision {
  if (result.ok) return { kind: 'done' }
  if (failures > policy.attempts) return { kind: 'discard', condition: 'RetriesExhausted' }
  return { kind: 'retry', dueAt: now + (policy.delaysMs[failures - 1] ?? policy.delaysMs.at(-1) ?? 0) }
}

export const expiryOf = (event: Pick<QueuedEvent, 'acceptedAt'>, policy: RetryPolicy) =>
  event.acceptedAt + policy.ageMs

/** What the failure destination gets; an event that was never answered has no response. */
export function failureRecord(
  event: QueuedEvent,
  arn: string,
  condition: Condition,
  now: number,
): FailureRecord {
  return {
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: `${arn}:$LATEST`,
      condition,
      approximateInvokeCount: event.invocations,
    },
    requestPayload: JSON.parse(event.payload),
    ...(event.lastError && {
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: event.lastError,
    }),
  }
}
