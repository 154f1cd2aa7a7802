import type { Build } from '../model/build.ts'
import { conclusionSchema } from '../model/conclusion.ts'
import { exitSchema } from '../model/exit.ts'
import { MOST_RETRIES, MOST_STAGES } from '../model/job.ts'
import { stageNameSchema } from '../model/names.ts'
import { shortReason } from '../model/short-reason.ts'
import { flakinessSchema } from '../model/test-history.ts'
import { packedCountsSchema } from '../model/tests.ts'
import { z } from '../model/zod.ts'
import { JOB_RECORDS } from './keys.ts'
import { leasedFields } from './lease.ts'
import { MOST_PLANNED_JOBS } from './plan-record.ts'

/** Report's record of the deploy of a build. */
export const deploySchema = z.object({
  stage: stageNameSchema,
  /**
   * `waiting`: for its turn, because another build holds the stage or GitHub has not answered. `cancelled`: it is withheld, because a newer
   * commit was first, the branch has moved on, or a person refused it.
   */
  status: z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled']),
  reason: z.string().max(500).nullable(),
  /** The address of the stage. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(600)
    .nullable()
    .default(null),
  exit: exitSchema.nullable(),
})
export type Deploy = z.infer<typeof deploySchema>

/**
 * The deploy that determines a build's state: the first one that failed, or else the one that is not over, or was withheld, or the last.
 */
export const headlineOf = (deploys: readonly Deploy[]): Deploy | null =>
  ['failed', 'running', 'waiting', 'cancelled'].flatMap(
    status => deploys.find(deploy => deploy.status === status) ?? [],
  )[0] ??
  deploys.at(-1) ??
  null

/** The end of a build, as first accepted by report; nothing later changes it. */
export const buildEndSchema = z.object({
  conclusion: conclusionSchema,
  reason: z.string().nullable(),
  deploy: deploySchema.nullable(),
  endedAt: z.iso.datetime(),
})
export type BuildEnd = z.infer<typeof buildEndSchema>

/** Lambda's report that an invocation died. `nonce` proves that its message was ours. */
export const failureSchema = z.object({
  nonce: z.string(),
  requestId: z.string(),
  reason: z.string(),
  /** The ordinal of its job; the lead's, if absent. */
  job: z.int().nonnegative().optional(),
  attempt: z.int().positive().optional(),
})
export type Failure = z.infer<typeof failureSchema>

/** To the millisecond. */
const moment = z.iso.datetime().max('2026-11-20T10:00:00.000Z'.length)

/** The state of one of several jobs, as known to report. At most 500 bytes: a build may have hundreds. */
export const jobStateSchema = z
  .object({
    key: z.int().nonnegative().max(MOST_PLANNED_JOBS),
    /** The attempt that counts. */
    attempt: z.int().positive().max(9),
    /** Earlier attempts whose command failed. The other earlier ones died. */
    failed: z.array(z.int().positive().max(9)).min(1).max(MOST_RETRIES).optional(),
    /** How often its message was published; 0 if it has not been started. */
    publications: z.int().nonnegative().max(99),
    /** The latest moment at which it can still be running. */
    latestEnd: moment.nullable(),
    startedAt: moment.nullable(),
    endedAt: moment.nullable(),
    conclusion: conclusionSchema.nullable(),
    exit: exitSchema.nullable(),
    /** See `shortReason`. */
    reason: z
      .string()
      .refine(reason => shortReason(reason) === reason)
      .nullable(),
    /** An estimate of the cost of all its ended attempts, in US dollars. */
    cost: z.number().nonnegative().nullable(),
    /** Its test counts. Absent without any, and unless its command ended by itself. */
    tests: packedCountsSchema.optional(),
    /** Whether its reason names its failure. */
    isNamed: z.literal(true).optional(),
    /** For a job that has ended: its own record that counts, null for none. Absent in earlier versions. */
    record: z.enum(JOB_RECORDS).nullable().optional(),
  })
  .refine(({ exit, tests, isNamed }) => (tests ?? isNamed) === undefined || exit?.kind === 'exited')
export type JobState = z.infer<typeof jobStateSchema>

/** The state of a job that has not been started. */
export const stateBeforeStart = (key: number): JobState => ({
  key,
  attempt: 1,
  publications: 0,
  latestEnd: null,
  startedAt: null,
  endedAt: null,
  conclusion: null,
  exit: null,
  reason: null,
  cost: null,
})

/** `report.json`: report's conclusions and deliveries. Written only by report. */
export const reportSchema = z.object({
  ...leasedFields,
  /** Failures of this build's invocations, each once. */
  failures: z.array(failureSchema),
  /** How often the job's message was published; three times at most. 0: it waits for approval, or ended without it. */
  publications: z.int(),
  /** The latest end after the last publication, if there was more than one (the first is in `build.json`). */
  latestEnd: z.iso.datetime().nullable(),
  end: buildEndSchema.nullable(),
  /** For a build with several jobs: all of them, in the order of `plan.json`. Empty while there is no plan. */
  jobs: z.array(jobStateSchema).max(MOST_PLANNED_JOBS).default([]),
  /** The deploy that determines the state of the build (`headlineOf`), if it is known. */
  deploy: deploySchema.nullable().default(null),
  /** All deploys whose turn has come, in order. */
  deploys: z.array(deploySchema).max(MOST_STAGES).default([]),
  /** The stages that were passed on before the end of the build. */
  leftStages: z.array(stageNameSchema).max(MOST_STAGES).default([]),
  /** When the job was claimed, by the bucket's clock, as reported by the bucket. */
  claimedAt: z.iso.datetime().nullable().default(null),
  /** The flakiness of the first test that made it red, if it is flaky on its branch. */
  flakiness: flakinessSchema.nullable().default(null),
  /** For a build that has ended: its lead's record that counts, null for none. Absent in earlier versions. */
  leadRecord: z.enum(JOB_RECORDS).nullable().optional(),
  /** An estimate in US dollars, made once, at the end; null for a build that never ran. */
  cost: z.number().nonnegative().nullable().default(null),
  /** Whether it is in the month's `spend` record. */
  isCounted: z.boolean().default(false),
  /** The deliveries of each notifier, by its name and in its own schema. */
  delivered: z.record(z.string(), z.unknown()),
  /** Everybody was notified of the end: nothing is left to do. */
  isClosed: z.boolean(),
  /** Whether its jobs had left anything except their logs and artifacts when it ended. */
  hasLeftJunk: z.boolean().optional(),
  /** Whether the build's branch was deleted since, or its pull request closed. */
  isGone: z.boolean(),
})
export type Report = z.infer<typeof reportSchema>

export const emptyReport: Report = {
  lease: null,
  isRerunRequested: false,
  failures: [],
  publications: 1,
  latestEnd: null,
  end: null,
  jobs: [],
  deploy: null,
  deploys: [],
  leftStages: [],
  claimedAt: null,
  flakiness: null,
  cost: null,
  isCounted: false,
  delivered: {},
  isClosed: false,
  isGone: false,
}

/** The first report of a build. A build that needs approval has not been started by admission. */
export const firstReportOf = ({ approval }: Pick<Build, 'approval'>): Report =>
  approval === null ? emptyReport : { ...emptyReport, publications: 0 }
