import * as z from 'zod'

/** What kind of sandbox a job may run in (docs/security.md). */
export const trustSchema = z.enum(['fork', 'branch', 'protected'])
export type Trust = z.infer<typeof trustSchema>

/**
 * `gh/<owner>/<repo>`, of the characters and lengths that GitHub allows there (39 and 100): it becomes a part of keys, of
 * links, and of session policies, which must stay short.
 */
export const projectSchema = z
  .string()
  .regex(/^gh\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/)

export const commitSchema = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)

const repositorySchema = z
  .string()
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/)

/** A stage's name: it becomes a part of keys and an environment on GitHub. */
export const stageNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/)

/** GitHub's limit for the name of a branch; it becomes a part of keys, percent-encoded. */
const LONGEST_BRANCH = 255
export const branchSchema = z.string().refine(name => Buffer.byteLength(name) <= LONGEST_BRANCH, {
  message: `A branch's name is longer than ${LONGEST_BRANCH} bytes`,
})

export const personSchema = z.object({ name: z.string().max(200), login: z.string().max(100).nullable() })
export type Person = z.infer<typeof personSchema>

/** What an event asks for, before it has a number: the part of a job that GitHub's payload alone decides. */
export const buildRequestSchema = z.object({
  project: projectSchema,
  event: z.enum(['push', 'pull_request', 'merge_group', 'deploy']),
  /** `push/<branch>`, `pr/<n>` or `deploy/<stage>`. */
  trigger: z.string().max(1000),
  /** The branch whose rules apply; of a pull request or merge group, the base. */
  branch: branchSchema,
  defaultBranch: branchSchema,
  commit: commitSchema,
  /** The commit before the push, or the base of the pull request; null where there is none (a new branch). */
  baseCommit: commitSchema.nullable(),
  /** `owner/repo` that holds the commit; null where a pull request's fork has been deleted. */
  cloneRepository: repositorySchema.nullable(),
  checkoutBranch: branchSchema,
  pullRequest: z.int().positive().nullable(),
  isFork: z.boolean(),
  isPrivate: z.boolean(),
  isDependabot: z.boolean(),
  /** Of an event `deploy`: what is deployed where. */
  target: z
    .object({
      stage: stageNameSchema,
      /** The build whose commit it is. */
      of: z.int().positive(),
      /** Its place among the stage's deploys, where that is not its own number: nothing older goes over anything newer. */
      sequence: z.int().positive().nullable(),
      /** The build that waited for it, which is told how it ends. */
      waited: z.int().positive().nullable(),
    })
    .nullable()
    .default(null),
  message: z.string().max(2100),
  author: personSchema,
  committers: z.array(personSchema).max(20),
})
export type BuildRequest = z.infer<typeof buildRequestSchema>

/** What is asked for: plain JSON, written once as `build.json` and never changed. */
export const buildSchema = buildRequestSchema.extend({
  number: z.int().positive(),
  trust: trustSchema,
  /** The account's settings for this repository: the first layer of its configuration, parsed where it is used. */
  settings: z.record(z.string(), z.unknown()),
  /** Known to this job alone: a failure record must carry it to be believed. */
  nonce: z.string().min(16).max(64),
  delivery: z.string().max(100),
  /** Where the http function was reached: links to the build begin with it. */
  baseUrl: z.url().max(300),
  queuedAt: z.iso.datetime(),
  /** The latest moment at which this job can still be running. */
  latestEnd: z.iso.datetime(),
})
export type Build = z.infer<typeof buildSchema>

/** A build's place among the deploys of its stage: an older one is never deployed over a newer one. */
export const sequenceOf = ({ target, number }: Pick<Build, 'target' | 'number'>) => target?.sequence ?? number

/** `owner/repo` of a project. */
export const repositoryOf = (project: string) => project.slice('gh/'.length)
