import type { TestsConfig } from '../config/common-config.ts'
import type { Config } from '../config/config.ts'
import type { JobAccess } from '../config/job-access.ts'
import type { SplitConfig } from '../config/jobs/job-config.ts'
import type { JobIdentity } from '../model/job.ts'

/** The text that a shell runs: a command, and its setup. */
export type ShellText = {
  command: string
  /** Runs before the command, in the same shell. */
  setup: string | null
  /** Whether the command runs under `set -eo pipefail`. A `setup` always does. */
  isStrict: boolean
  /** The commands of both. Absent if neither is a list. */
  lists?: { setup: readonly string[]; command: readonly string[] }
}

/** Files that a job leaves for others. */
export type PlannedArtifact = {
  name: string
  /** Relative to the workspace. */
  paths: readonly string[]
  when: 'passed' | 'always'
}

/** A job that must be done before this one, with all of its cells and shards. */
export type Need = {
  job: string
  /** The names of the artifacts that are unpacked. Null: all of that job's. */
  artifacts: readonly string[] | null
}

/** One job of a plan: one command in one sandbox. Each cell of a matrix and each shard is a separate job. */
export type PlannedJob = JobIdentity &
  ShellText & {
    /** Variables in addition to the top-level `env`: the job's, then its cell's. */
    env: Readonly<Record<string, string>>
    /** Null: as long as the function has left. */
    timeoutSeconds: number | null
    /** How often it is run again if its command fails. */
    retry: number
    needs: readonly Need[]
    artifacts: readonly PlannedArtifact[]
    /** The test reports that its command writes. Null: none. */
    tests: TestsConfig
    cache: Config['cache']
    /** The names of the secret variables that it gets. Null: all. */
    secrets: readonly string[] | null
    /** The access that the account gives it beside secret variables. */
    access: JobAccess
    /** Whether the build may pass although the job fails. */
    allowFailure: boolean
    /** How files divide it into shards. Absent if they do not. */
    split?: SplitConfig
  }

/** The files of a shard: all that divide its job, and its own, by path. */
export type FileShare = { all: readonly string[]; own: readonly string[] }

/** A job that is about to run. */
export type AssignedJob = PlannedJob & { files?: FileShare }

/** Why a job of a file takes part in a build or not, in a sentence. */
export type JobReason = { name: string; reason: string }

/** The deploy of a plan. It runs after all jobs. */
export type DeployStep = ShellText & {
  stage: string
  /** Variables in addition to the top-level `env`. */
  env: Readonly<Record<string, string>>
  /** Null: as long as the function has left. */
  timeoutSeconds: number | null
  /** The names of the artifacts that are unpacked. */
  artifacts: readonly string[]
  cache: Config['cache']
}
