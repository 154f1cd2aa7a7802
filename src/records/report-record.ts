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

/** The deploy of a build, as report knows it. */
export const deploySchema = z.object({
  stage: stageNameSchema,
  /**
   * `waiting`: for its turn, because another build holds the stage or GitHub has not answered. `cancelled`: it is withheld,
   * because a newer commit was first, the branch has moved on, or a person did not want it.
   */
  status: z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled']),
  reason: z.string().max(500).nullable(),
  /** Where the stage can be seen. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(600)
    .nullable()
    .default(null),
  exit: exitSchema.nullable(),
})
export type Deploy = z.infer<typeof deploySchema>

/** The deploy that says how a build stands: the first one that failed, or else the one that is not over, or was withheld, or the last. */
export const headlineOf = (deploys: readonly Deploy[]): Deploy | null =>
  ['failed', 'running', 'waiting', 'cancelled'].flatMap(
    status => deploys.find(deploy => deploy.status === status) ?? [],
  )[0] ??
  deploys.at(-1) ??
  null

/** How a build ended, as report accepted it first; nothing that comes later changes it. */
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
  /** The ordinal of the job that it was to run; the lead's, if absent. */
  job: z.int().nonnegative().optional(),
  attempt: z.int().positive().optional(),
})
export type Failure = z.infer<typeof failureSchema>

/** To the millisecond. */
const moment = z.iso.datetime().max('2026-11-20T10:00:00.000Z'.length)

/** How one of several jobs stands, as far as report knows. At most 500 bytes: a build may have hundreds. */
export const jobStateSchema = z
  .object({
    key: z.int().nonnegative().max(MOST_PLANNED_JOBS),
    /** The attempt that counts. */
    attempt: z.int().positive().max(9),
    /** Those before it whose command failed. The others before it died. */
    failed: z.array(z.int().positive().max(9)).min(1).max(MOST_RETRIES).optional(),
    /** How often its message was published; 0: it has not been started. */
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
    /** An estimate in US dollars, of all of its attempts that have ended. */
    cost: z.number().nonnegative().nullable(),
    /** Its test counts. Absent without any, and unless its command ended by itself. */
    tests: packedCountsSchema.optional(),
    /** Whether its reason names what failed. */
    isNamed: z.literal(true).optional(),
    /** Of a job that has ended: the record of its own that counts, null for none. Versions that did not know it have none. */
    record: z.enum(JOB_RECORDS).nullable().optional(),
  })
  .refine(({ exit, tests, isNamed }) => (tests ?? isNamed) === undefined || exit?.kind === 'exited')
export type JobState = z.infer<typeof jobStateSchema>

/** Of a job that has not been started. */
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

/** `report.json`: what report concluded and delivered. Written by report alone. */
export const reportSchema = z.object({
  ...leasedFields,
  /** Failures of this build's invocations, each once. */
  failures: z.array(failureSchema),
  /** How often the job's message was published; three times at most. 0: it waits for approval, or ended without it. */
  publications: z.int(),
  /** The latest end after the last publication, if there was more than one (the first is in `build.json`). */
  latestEnd: z.iso.datetime().nullable(),
  end: buildEndSchema.nullable(),
  /** Of a build with several jobs: all of them, in the order of `plan.json`. Empty as long as there is no plan. */
  jobs: z.array(jobStateSchema).max(MOST_PLANNED_JOBS).default([]),
  /** The deploy that says how the build stands (`headlineOf`), as far as it is known. */
  deploy: deploySchema.nullable().default(null),
  /** All deploys whose turn has come, in order. */
  deploys: z.array(deploySchema).max(MOST_STAGES).default([]),
  /** The stages that were passed on before the end of the build. */
  leftStages: z.array(stageNameSchema).max(MOST_STAGES).default([]),
  /** When the job was claimed, by the clock of the bucket, which tells report of it. */
  claimedAt: z.iso.datetime().nullable().default(null),
  /** Of the first test that made it red, if that is flaky on its branch. */
  flakiness: flakinessSchema.nullable().default(null),
  /** Of a build that has ended: the record of its lead that counts, null for none. Versions that did not know it have none. */
  leadRecord: z.enum(JOB_RECORDS).nullable().optional(),
  /** An estimate in US dollars, made once, at the end; null for a build that never ran. */
  cost: z.number().nonnegative().nullable().default(null),
  /** Whether the month's `spend` record has it. */
  isCounted: z.boolean().default(false),
  /** What each notifier has delivered, by its name and in its own schema. */
  delivered: z.record(z.string(), z.unknown()),
  /** Everybody was told the end: nothing is left to do. */
  isClosed: z.boolean(),
  /** Whether its jobs had left anything but their logs and artifacts when it ended. */
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
