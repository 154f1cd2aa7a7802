import * as z from 'zod'
import { type Job, stageNameSchema } from '../job/job.ts'
import { exitSchema } from './exit.ts'
import { resultSchema } from './result.ts'

/** A record larger than this is not read: a build can write what it likes into its own course. */
export const RUN_RECORD_LIMIT = 64 * 1024

const sentence = z.string().max(500)
const moment = z.iso.datetime()

export const deploySchema = z.object({
  stage: stageNameSchema,
  /** Waiting: another build had the stage; report hands it on when its turn comes. Cancelled: a newer one was faster. */
  status: z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled']),
  reason: sentence.nullable(),
  /** Where the stage can be seen. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(600)
    .nullable()
    .default(null),
  /** The build that did it, where that was another one. */
  by: z.int().positive().nullable().default(null),
  exit: exitSchema.nullable(),
})
export type Deploy = z.infer<typeof deploySchema>

export const runnerSchema = z.object({
  function: z.string().max(200),
  memoryMb: z.int().positive(),
  /** Size of the disk that it may write to; Lambda's least by default. */
  storageMb: z.int().positive().default(512),
  architecture: z.string().max(20),
  region: z.string().max(40),
  requestId: z.string().max(100),
  start: z.enum(['cold', 'warm']),
})
export type Runner = z.infer<typeof runnerSchema>

const slackLookSchema = z.object({
  channel: z.string().max(100),
  username: z.string().max(100),
  iconUrl: z.string().max(2000),
  asUser: z.boolean(),
})

/** The course of a build, `run.json`: written by the build alone, and read by everyone else as a stranger's word. */
export const runSchema = z.object({
  nonce: z.string().max(64),
  /** Of the write that claimed the job: a retried claim recognises itself by it. */
  writeId: z.string().max(64),
  phase: z.enum(['claimed', 'running', 'deploying', 'ended']),
  startedAt: moment.nullable(),
  endedAt: moment.nullable(),
  plan: z
    .object({
      build: z.boolean(),
      reason: sentence,
      cmd: z.string().max(2000).nullable(),
      stage: stageNameSchema.nullable(),
    })
    .nullable(),
  exit: exitSchema.nullable(),
  result: resultSchema.nullable(),
  /** One line for people: why it ended as it did. */
  reason: sentence.nullable(),
  deploy: deploySchema.nullable(),
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
  /** What the configuration says of notices; report checks the topic against the account's list. */
  notifications: z
    .object({
      on: z.enum(['always', 'change', 'failure']),
      topicArn: z.string().max(300).nullable(),
      slack: slackLookSchema.nullable().default(null),
    })
    .nullable(),
})
export type Run = z.infer<typeof runSchema>

/** Stands for a course that nobody can believe: whoever writes such a thing has ended its build. */
const incredible: Run = {
  nonce: '',
  writeId: '',
  phase: 'ended',
  startedAt: null,
  endedAt: null,
  plan: null,
  exit: null,
  result: 'errored',
  reason: "The build's own record, run.json, is not readable",
  deploy: null,
  log: null,
  timings: {},
  runner: null,
  notifications: null,
}

/** The run as written. What is too large, no JSON, or not of this shape is an errored build. */
export function parseRun(body: Uint8Array): Run {
  if (body.length > RUN_RECORD_LIMIT) return incredible
  try {
    return runSchema.parse(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return incredible
  }
}

/** A course as far as a job can have it: only builds of trust `deploy` deploy, whatever others write. */
export function believe(run: Run, { trust }: Pick<Job, 'trust'>): Run {
  const isDeploy = run.deploy !== null || run.phase === 'deploying' || (run.plan?.stage ?? null) !== null
  if (trust === 'deploy' || !isDeploy) return run
  return {
    ...incredible,
    reason: "The build's own record, run.json, tells of a deploy that it cannot have done",
  }
}
