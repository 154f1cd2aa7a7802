import { z } from '../model/zod.ts'
import { leasedFields } from './lease.ts'

/** The state of a build in a commit status. */
const statusSchema = z.object({
  state: z.enum(['pending', 'success', 'failure', 'error']),
  description: z.string(),
  targetUrl: z.string(),
})

/** The newest build of a branch or pull request for a commit. */
const entrySchema = statusSchema.extend({
  number: z.int().positive(),
  /** The branch or pull request, in words. */
  subject: z.string(),
  context: z.string(),
  isFork: z.boolean(),
  /** The branch, as GitHub's compare API names it. */
  headName: z.string(),
  /** Whether the branch was deleted, or the pull request closed. */
  isGone: z.boolean(),
  /** Whether the build waits for approval, or has ended without being started. */
  isUnstarted: z.boolean().optional(),
  /** The conclusion of a check run, if it differs from the state. */
  conclusion: z.enum(['cancelled', 'timed_out']).optional(),
})
export type CommitEntry = z.infer<typeof entrySchema>

/** The last status that GitHub has accepted for a commit and context. */
const postedSchema = statusSchema.extend({
  /** The check run that shows it. Without one, a status does, and always will for this commit. */
  check: z
    .object({
      /** GitHub's. */
      id: z.int().positive(),
      /** The build that it shows. */
      number: z.int().positive(),
      /** Null while it is in progress. */
      conclusion: z.string().nullable(),
      /** Whether it shows the jobs and tests of that build. */
      hasDetails: z.boolean(),
    })
    .optional(),
})
export type Posted = z.infer<typeof postedSchema>

/** `commits/<sha>.json`: the truth about a commit, of which several branches and pull requests may be the head. */
export const commitRecordSchema = z.object({
  ...leasedFields,
  /** By trigger: `push/<branch>` or `pr/<n>`. */
  entries: z.record(z.string(), entrySchema),
  /** By context. */
  posted: z.record(z.string(), postedSchema),
  /** By context: how many statuses were about builds that had not been started. */
  unstartedPosts: z.record(z.string(), z.int().nonnegative()).optional(),
})
export type CommitRecord = z.infer<typeof commitRecordSchema>

export const emptyCommitRecord: CommitRecord = {
  lease: null,
  isRerunRequested: false,
  entries: {},
  posted: {},
}
