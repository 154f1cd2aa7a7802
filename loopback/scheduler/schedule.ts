import * as z from 'zod'

/** https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#one-time */
const AT = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/

/** The time of `at(yyyy-mm-ddThh:mm:ss)`, read as UTC, in ms since 1970. Null for anything else. */
export function parseAt(expression: string): number | null {
  const [, text] = AT.exec(expression) ?? []
  const time = Date.parse(`${text}Z`)
  // Date.parse turns February 30 into March 2.
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(`${text}`) ? time : null
}

export const nameSchema = z.string().regex(/^[0-9a-zA-Z-_.]{1,64}$/, 'must match [0-9a-zA-Z-_.]{1,64}')

const json = z.string().refine(text => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}, 'must be JSON')

/**
 * The supported subset of CreateSchedule: one call of one function at a time in UTC. Other fields are rejected
 * instead of ignored.
 * https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
 */
export const scheduleSchema = z.strictObject({
  ScheduleExpression: z.string().refine(text => parseAt(text) !== null, 'must be at(yyyy-mm-ddThh:mm:ss)'),
  ScheduleExpressionTimezone: z.literal('UTC').optional(),
  FlexibleTimeWindow: z.strictObject({ Mode: z.literal('OFF') }),
  Target: z.strictObject({
    Arn: z
      .string()
      .regex(/^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_:$]{1,140}$/, 'must be a function'),
    RoleArn: z.string().regex(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, 'must be a role'),
    Input: json,
    RetryPolicy: z
      .strictObject({
        MaximumRetryAttempts: z.int().min(0).max(185).optional(),
        MaximumEventAgeInSeconds: z.int().min(60).max(86_400).optional(),
      })
      .optional(),
  }),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  ActionAfterCompletion: z.enum(['NONE', 'DELETE']).default('NONE'),
  GroupName: z.string().default('default'),
  Description: z.string().max(512).optional(),
  ClientToken: z.string().min(1).max(64).optional(),
})

export type ScheduleInput = z.infer<typeof scheduleSchema>

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * When to retry a target that has failed `failures` times, in ms since 1970. Null if its retries are exhausted.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-retry-policy.html
 */
export function retryAt({ ScheduleExpression, Target }: ScheduleInput, failures: number, now: number) {
  const { MaximumRetryAttempts = 185, MaximumEventAgeInSeconds } = Target.RetryPolicy ?? {}
  const ageMs = MaximumEventAgeInSeconds === undefined ? DAY_MS : MaximumEventAgeInSeconds * 1000
  const at = now + Math.min(1000 * 2 ** (failures - 1), 60_000)
  return failures > MaximumRetryAttempts || at > (parseAt(ScheduleExpression) ?? 0) + ageMs ? null : at
}
