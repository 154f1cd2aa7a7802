import type { FunctionError, InvocationResult } from './invocation-result.ts'

/** An event in the asynchronous queue; times are in milliseconds since 1970. */
export type QueuedEvent = {
  requestId: string
  functionName: string
  payload: string
  /** Null if its function does not isolate tenants. */
  tenantId: string | null
  acceptedAt: number
  dueAt: number
  /** The number of started invocations; more than `failures + 1` if the host crashed during one. */
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

/** `delaysMs` are the delays before the first and the second retry; `maxAgeMs` counts from the acceptance. */
export type RetryPolicy = { maxRetries: number; maxAgeMs: number; delaysMs: readonly number[] }

export type Decision =
  | { kind: 'done' }
  | { kind: 'retry'; dueAt: number }
  | { kind: 'discard'; condition: Condition }

/** Decides about an event after an invocation. `failures` includes this one if it failed. */
export function decide(
  result: InvocationResult,
  failures: number,
  policy: RetryPolicy,
  now: number,
): Decision {
  if (result.ok) return { kind: 'done' }
  if (failures > policy.maxRetries) return { kind: 'discard', condition: 'RetriesExhausted' }
  return { kind: 'retry', dueAt: now + (policy.delaysMs[failures - 1] ?? policy.delaysMs.at(-1) ?? 0) }
}

export const expiryOf = (event: Pick<QueuedEvent, 'acceptedAt'>, policy: RetryPolicy) =>
  event.acceptedAt + policy.maxAgeMs

/** The record for the failure destination. It has no response if no invocation has ended. */
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
