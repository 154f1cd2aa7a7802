import { approvalReasonSchema } from './approval.ts'
import { projectSchema, repositorySchema, stageNameSchema } from './names.ts'
import { repetitionSchema } from './repetition.ts'
import { z } from './zod.ts'

/** The kind of sandbox that a build may run in (docs/security.md). */
export const trustSchema = z.enum(['fork', 'branch', 'protected'])
export type Trust = z.infer<typeof trustSchema>

/** SHA-1 or SHA-256, in full. */
export const commitSchema = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)

/** GitHub's limit for a branch name, in bytes. The name is part of object keys, percent-encoded. */
const MAX_BRANCH_BYTES = 255
export const branchSchema = z
  .string()
  .refine(name => Buffer.byteLength(name) <= MAX_BRANCH_BYTES, {
    message: `A branch name is longer than ${MAX_BRANCH_BYTES} bytes`,
  })
  .refine(name => name.isWellFormed(), { message: 'A branch name is not well-formed Unicode' })

export const personSchema = z.object({ name: z.string().max(200), login: z.string().max(100).nullable() })
export type Person = z.infer<typeof personSchema>

/** A build before it has a number: the fields that depend only on GitHub's payload. */
export const buildRequestSchema = z.object({
  /** The name under which its records are kept, in lower case. */
  project: projectSchema,
  /** `owner/repo` as GitHub spelled it when the build was requested. */
  repository: repositorySchema,
  /** GitHub's id of the repository, which outlives its names. Null if no event has named it. */
  repositoryId: z.int().positive().nullable().default(null),
  event: z.enum(['push', 'pull_request', 'merge_group', 'deploy']),
  /** `push/<branch>`, `pr/<n>` or `deploy/<stage>`. */
  trigger: z.string().max(1000),
  /** The branch whose rules apply: for a pull request or merge group, the base. */
  branch: branchSchema,
  defaultBranch: branchSchema,
  commit: commitSchema,
  /** The commit before the push, or the base of the pull request. Null for a new branch. */
  baseCommit: commitSchema.nullable(),
  /** `owner/repo` that holds the commit. Null if the fork of a pull request has been deleted. */
  cloneRepository: repositorySchema.nullable(),
  checkoutBranch: branchSchema,
  pullRequest: z.int().positive().nullable(),
  isFork: z.boolean(),
  /** For a fork's pull request: whether its author is a stranger to the repository. */
  isStranger: z.boolean().default(false),
  isPrivate: z.boolean(),
  isDependabot: z.boolean(),
  /** For the event `deploy`: what to deploy where. */
  target: z
    .object({
      stage: stageNameSchema,
      /** The number of the build whose commit is deployed. */
      of: z.int().positive(),
      /** The person who requested it, according to the command line. */
      by: z.string().max(200).nullable().default(null),
    })
    .nullable()
    .default(null),
  message: z.string().max(2100),
  author: personSchema,
  committers: z.array(personSchema).max(20),
})
export type BuildRequest = z.infer<typeof buildRequestSchema>

/** A numbered build: plain JSON, written once as `build.json` and never changed. */
export const buildSchema = buildRequestSchema.extend({
  number: z.int().positive(),
  trust: trustSchema,
  /** Why a person must approve it before it starts; null if it starts at once. */
  approval: approvalReasonSchema.nullable().default(null),
  /** The account's settings for this repository: the first layer of its configuration, parsed when it is used. */
  settings: z.record(z.string(), z.unknown()),
  /** The number of the build whose unfinished part this one runs again. Null for a build that runs all of its jobs. */
  retryOf: z.int().positive().nullable().default(null),
  /** The number of the build that this one repeats: a whole rebuild, or a redelivery of a push that was built before. */
  rebuildOf: z.int().positive().nullable().default(null),
  /** For a build that only measures how often a job of another one fails (`rebuildOf`). It says nothing about its commit. */
  repeats: repetitionSchema.nullable().default(null),
  /** A secret of this build. A failure record counts only if it contains it. */
  nonce: z.string().min(16).max(64),
  delivery: z.string().max(100),
  /** Public URL of the http function: links to the build start with it. */
  baseUrl: z.url().max(300),
  queuedAt: z.iso.datetime(),
  /** The latest moment at which this build can still be running. */
  latestEnd: z.iso.datetime(),
})
export type Build = z.infer<typeof buildSchema>

/** Whether a build repeats another one, whole or in part, to test its commit again. It then deploys nothing. */
export const onlyTests = ({ target, rebuildOf, retryOf }: Pick<Build, 'target' | 'rebuildOf' | 'retryOf'>) =>
  target === null && (rebuildOf !== null || retryOf !== null)

/** The name under which a project's records are kept. The newest build has the repository's current name on GitHub. */
export const repositoryOf = (project: string) => project.slice('gh/'.length)
