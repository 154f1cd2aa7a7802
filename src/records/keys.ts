import { canonicalProject, EVERY_STAGE, projectSchema, stageNameSchema } from '../model/names.ts'

/** Identifies one build. */
export type BuildRef = { project: string; number: number }

// Every key is derived from the canonical project, so that no other spelling of a repository has its own keys.
const canonical = canonicalProject

export const deliveryKey = (id: string) => `deliveries/${id}.json`
/** The id of a delivery within its repository, so that no other repository's delivery can take its place. */
export const deliveryOf = ({ repositoryId }: { repositoryId: number | null }, guid: string) =>
  `${repositoryId ?? 0}/${guid}`
/** The unfinished jobs of a repository. */
export const runningKey = (project: string) => `${canonical(project)}/running.json`
export const counterKey = (project: string) => `${canonical(project)}/counter.json`
/** The meaning of a name, written at the first delivery from the repository with that name. */
export const repositoryKey = (project: string) => `${canonical(project)}/repository.json`
/** The place of a repository's records, by GitHub's id. */
export const repositoryIdKey = (id: number) => `repositories/${id}.json`
export const runnerSecretsKey = 'secrets/runner.json'

/** The account's settings and secret variables: first those for all repositories, then the repository's own. */
export const settingsKeys = (project: string) =>
  ['config/global.json', `config/${canonical(project)}.json`] as const
export const variablesKeys = (project: string) =>
  ['secrets/env/global.json', `secrets/env/${canonical(project)}.json`] as const

/** The prefix of the secret variables of a repository's stages. */
export const stageVariablesPrefix = (project: string) => `secrets/env/${canonical(project)}/`
/** Replaces `*` in keys, which would be a pattern in a policy. No stage has this name. */
const EVERY_STAGE_IN_KEYS = '_all'
/** The secret variables that only deploys to one stage get or, for `*`, those to every stage of the repository. */
export const stageVariablesKey = ({ project, stage }: StageRef) =>
  `${stageVariablesPrefix(project)}${stage === EVERY_STAGE ? EVERY_STAGE_IN_KEYS : stage}.json`

/** The stage whose secret variables have this key, or `*`; null for any other key. */
export function stageOfVariablesKey(key: string): StageRef | null {
  const [, project, name] = /^secrets\/env\/(gh\/[^/]+\/[^/]+)\/([^/]+)\.json$/.exec(key) ?? []
  if (!project || !name || projectSchema.safeParse(project).data !== project) return null
  if (name === EVERY_STAGE_IN_KEYS) return { project, stage: EVERY_STAGE }
  return stageNameSchema.safeParse(name).success ? { project, stage: name } : null
}

const spendPrefix = (project: string) => `${canonical(project)}/spend/`
/** The cost of a repository's builds: a record for each month, such as `2026-11`. */
export const spendKeys = {
  prefix: spendPrefix,
  month: (project: string, month: string) => `${spendPrefix(project)}${month}.json`,
}

/** The prefix of the seconds of test files. */
export const timingsPrefix = (project: string) => `${canonical(project)}/timings/`
/** The seconds of the files that divide a job of a repository into shards. */
export const timingsKey = (project: string, job: string) => `${timingsPrefix(project)}${job}.json`

const branchesPrefix = (project: string) => `${canonical(project)}/branches/`
/** The records of a repository's branches: their prefix, and the branch of a key. */
export const branchKeys = {
  prefix: branchesPrefix,
  branchOf: (key: string) => decodeURIComponent(key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '')),
}

/** The test results of a branch's newest builds. */
export const testHistoryKey = (project: string, branch: string) =>
  `${canonical(project)}/tests/${branchName(branch)}.json`

type TriggerRef = { project: string; trigger: string }

/** Any text as one level of a key. Text that is not well-formed Unicode has the key of its replacement. */
const encoded = (text: string) => encodeURIComponent(text.toWellFormed())

/** Percent-encoded, `push/<branch>` or `pr/<n>` is one level of a key, without `..`. */
const triggerName = ({ trigger }: TriggerRef) => encoded(trigger).replace(/\.(?=\.|$)/g, '%2E')

/** The builds of one branch or pull request, and the commits that it shares with others. */
export const triggerKey = (ref: TriggerRef) => `${canonical(ref.project)}/triggers/${triggerName(ref)}.json`
export const sharedCommitsKey = (ref: TriggerRef) =>
  `${canonical(ref.project)}/shared-commits/${triggerName(ref)}.json`

/** A branch's name may contain any character. Percent-encoded, it is one level of the key, and never `.` or `..`. */
const branchName = (branch: string) => encoded(branch).replace(/^\.+$/, dots => '%2E'.repeat(dots.length))
export const branchKey = (project: string, branch: string) =>
  `${branchesPrefix(project)}${branchName(branch)}.json`

/** The truth about a commit, given in full. */
export const commitKey = (project: string, commit: string) => `${canonical(project)}/commits/${commit}.json`

/** The prefix of an attempt's artifacts. It is at the top, so that a lifecycle rule can expire them. */
export const outPrefix = ({ project, number }: BuildRef, { key, attempt }: JobRef) =>
  `${buildOutPrefix({ project, number })}${key}/${attempt}/`
/** The prefix of the artifacts of all jobs of a build. */
export const buildOutPrefix = ({ project, number }: BuildRef) => `out/${canonical(project)}/${number}/`

/** The dependency caches of a repository's jobs of one trust. A prefix at the top, so that a lifecycle rule can expire them. */
export const cachePrefix = (project: string, trust: string) => `cache/${canonical(project)}/${trust}/`
export const stagesPrefix = (project: string) => `${canonical(project)}/stages/`

/** A person's request about a stage. `id`: the delivery's, or one of the command line's. */
export const requestKey = (project: string, id: string) =>
  `${canonical(project)}/requests/${encoded(id).replace(/\./g, '%2E')}.json`

/** One stage of a repository. */
export type StageRef = { project: string; stage: string }

/** The objects of one stage (docs/bucket.md). */
export function stageKeys({ project, stage }: StageRef) {
  const at = `${stagesPrefix(project)}${stage}`
  return {
    lock: `${at}/lock.json`,
    next: `${at}/next.json`,
    current: `${at}/current.json`,
    branches: `${at}/branches.json`,
    hold: `${at}/hold.json`,
    deploys: `${at}/deploys/`,
    /** The kept artifacts, and their prefixes. */
    kept: `${at}/artifacts.json`,
    artifacts: `${at}/artifacts/`,
    deploy: (number: number) => `${at}/deploys/${number}.json`,
  }
}

/** The prefix of an attempt's artifacts that a stage keeps, in the form of `outPrefix`. */
export const keptPrefix = (stage: StageRef, { build, key, attempt }: AttemptRef) =>
  `${stageKeys(stage).artifacts}${build}/${key}/${attempt}/`

/** The objects of one build, each with a single writer (docs/bucket.md). */
export function buildKeys({ project, number }: BuildRef) {
  const at = `${canonical(project)}/builds/${number}`
  return {
    prefix: `${at}/`,
    build: `${at}/build.json`,
    plan: `${at}/plan.json`,
    report: `${at}/report.json`,
    cancel: `${at}/cancel.json`,
    approve: `${at}/approve.json`,
    gone: `${at}/gone.json`,
    /** The log for people who have only the bucket: a copy of the job's. */
    log: `${at}/log.txt`,
  }
}

/** An attempt to run a job: its ordinal within the build, where 0 is the lead, and which attempt it is, from 1. */
export type JobRef = { key: number; attempt: number }

/** The first attempt of the job that every build begins with: it also plans the others. */
export const LEAD: JobRef = { key: 0, attempt: 1 }

/** The records of a job, each written once, in order. */
export const JOB_RECORDS = ['claim', 'draft', 'end'] as const
export type JobRecordName = (typeof JOB_RECORDS)[number]

/** An attempt of a job, and the number of the build that ran it. */
export type AttemptRef = JobRef & { build: number }

/** The log of an attempt. One that was taken over has its log in another build. */
export const logKeysOf = ({ project }: { project: string }, { build, ...job }: AttemptRef) =>
  jobKeys({ project, number: build }, job).log

/** The objects of one attempt of a job, written only by that job. */
export function jobKeys({ project, number }: BuildRef, { key, attempt }: JobRef = LEAD) {
  const at = `${buildKeys({ project, number }).prefix}jobs/${key}/${attempt}`
  return {
    prefix: `${at}/`,
    record: (name: JobRecordName) => `${at}/${name}.json`,
    log: {
      prefix: `${at}/log/`,
      /** Twelve digits, so that the order of keys is the order of bytes. */
      segment: (firstByte: number) => `${at}/log/${String(firstByte).padStart(12, '0')}.txt`,
      lines: `${at}/log/lines.json`,
      whole: `${at}/log.txt`,
    },
  }
}

const BUILD_KEY =
  /^(gh\/[^/]+\/[^/]+)\/builds\/([1-9][0-9]{0,9})\/(?:[a-z]+\.json|jobs\/(0|[1-9][0-9]{0,2})\/([1-9])\/(claim|draft|end)\.json)$/

/** The subject of a record: a build, or an attempt of one of its jobs. */
export type RecordRef = BuildRef & { job?: JobRef & { record: JobRecordName } }

/** The subject of a record's key; null for any other key. */
export function recordOfKey(key: string): RecordRef | null {
  const [, project, number, job, attempt, record] = BUILD_KEY.exec(key) ?? []
  // A key of another form is not one of these objects.
  if (!project || projectSchema.safeParse(project).data !== project) return null
  const build = { project, number: Number(number) }
  if (record === undefined) return build
  return { ...build, job: { key: Number(job), attempt: Number(attempt), record: record as JobRecordName } }
}
