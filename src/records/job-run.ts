import { artifactsSchema } from '../model/artifact.ts'
import { type Build, commitSchema } from '../model/build.ts'
import { conclusionSchema } from '../model/conclusion.ts'
import { exitSchema } from '../model/exit.ts'
import { jobFailureSchema } from '../model/failure.ts'
import { logOutlineSchema } from '../model/log-outline.ts'
import { stageNameSchema } from '../model/names.ts'
import { filesSchema } from '../model/split.ts'
import { testCountsSchema } from '../model/tests.ts'
import { z } from '../model/zod.ts'
import type { JobRecordName } from './keys.ts'
import { draftSchema } from './plan-record.ts'

/** In bytes. A larger record is not read, because a build can write anything into it. */
export const RUN_RECORD_LIMIT = 256 * 1024

const sentence = z.string().max(500)
/** To the millisecond: otherwise, a fraction of a second may have any number of digits. */
const moment = z.iso.datetime().max('2026-11-20T10:00:00.000Z'.length)

export const runnerSchema = z.object({
  function: z.string().max(200),
  memoryMb: z.int().positive(),
  /** Size of the writable disk; by default Lambda's minimum. */
  storageMb: z.int().positive().default(512),
  architecture: z.string().max(20),
  region: z.string().max(40),
  requestId: z.string().max(100),
  start: z.enum(['cold', 'warm']),
})
export type Runner = z.infer<typeof runnerSchema>

/** The state of a job in each of its records. Written only by the job; readers treat it as untrusted input. */
export const jobRunSchema = z.object({
  nonce: z.string().max(64),
  /** Identifies the write that claimed the job: a repeated request recognises its own claim. */
  writeId: z.string().max(64),
  phase: z.enum(['claimed', 'running', 'ended']),
  startedAt: moment.nullable(),
  endedAt: moment.nullable(),
  plan: z
    .object({
      build: z.boolean(),
      reason: sentence,
      cmd: z.string().max(2000).nullable(),
      stage: stageNameSchema.nullable(),
      /** The merge of a pull request that is tested instead of its head. */
      merge: commitSchema.nullable().default(null),
      /** The commit of the base branch in that merge. */
      mergeBase: commitSchema.nullable().optional(),
      /** The digest of everything that all commands share (`digestOf`). */
      commonDigest: z.string().max(64).optional(),
    })
    .nullable(),
  exit: exitSchema.nullable(),
  conclusion: conclusionSchema.nullable(),
  /** Why it ended so, in one line for people. */
  reason: sentence.nullable(),
  log: z
    .object({
      bytes: z.int().nonnegative(),
      complete: z.boolean(),
      segments: z.int().nonnegative().default(0),
    })
    .nullable(),
  /** Milliseconds per phase. */
  timings: z.record(z.string().max(40), z.number().nonnegative()),
  runner: runnerSchema.nullable(),
  /** The configuration's `notifications`, which report checks against the account's settings. */
  notifications: z.record(z.string().max(40), z.unknown()).nullable(),
  /** For the lead only: the jobs of the build, if other jobs must run some of them. */
  draft: draftSchema.nullable().default(null),
  artifacts: artifactsSchema.default([]),
  /** Its test counts. Absent without any. */
  tests: testCountsSchema.optional(),
  /** The outline of its log; an unreadable one counts as none. */
  outline: logOutlineSchema.optional().catch(undefined),
  /** The cause of its failure. Absent if it has not failed, or wrote nothing. */
  failure: jobFailureSchema.optional(),
  /** For a shard that divides files: which of its job's files its reports name (`packFiles`). */
  ran: filesSchema.optional(),
})
export type JobRun = z.infer<typeof jobRunSchema>

/** The record for a state. One whose state contradicts its name cannot be believed. */
export const recordNameOf = ({ phase }: Pick<JobRun, 'phase'>): JobRecordName => RECORD_NAMES[phase]
const RECORD_NAMES = { claimed: 'claim', running: 'draft', ended: 'end' } as const

/** Replaces a record that cannot be believed: its job is errored. */
export const unreadableRun: JobRun = {
  nonce: '',
  writeId: '',
  phase: 'ended',
  startedAt: null,
  endedAt: null,
  plan: null,
  exit: null,
  conclusion: 'errored',
  reason: "The job's own record is not readable",
  log: null,
  timings: {},
  runner: null,
  notifications: null,
  draft: null,
  artifacts: [],
}

/** Parses a job's record. One that is too large, not JSON or of another shape is an errored run. */
export function parseJobRun(body: Uint8Array): JobRun {
  if (body.length > RUN_RECORD_LIMIT) return unreadableRun
  try {
    return jobRunSchema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return unreadableRun
  }
}

/** Rejects impossible claims of a job: only builds of trust `protected` deploy. */
export function rejectImpossible(run: JobRun, { trust }: Pick<Build, 'trust'>): JobRun {
  if (trust === 'protected' || (run.plan?.stage ?? null) === null) return run
  return {
    ...unreadableRun,
    reason: "The job's own record claims a deploy that this build cannot have done",
  }
}
