import { z } from './zod.ts'

/**
 * Why a person must approve a build before it starts: a stranger opened its pull request from a fork, the account makes all forks wait,
 * too many builds (of forks) have started today, or the month's budget is used up.
 */
export const approvalReasonSchema = z.enum(['stranger', 'fork', 'fork-builds', 'builds', 'budget'])
export type ApprovalReason = z.infer<typeof approvalReasonSchema>

/** The pull requests from forks that wait: those of strangers, all, or none. */
export const approvalRuleSchema = z.enum(['strangers', 'forks', 'none'], {
  error: 'must be "strangers", "forks" or "none"',
})
export type ApprovalRule = z.infer<typeof approvalRuleSchema>

/**
 * GitHub's words for authors whose code has been accepted in a repository before. Any other word, or none, means a stranger.
 * https://docs.github.com/en/graphql/reference/enums#commentauthorassociation
 */
const KNOWN = ['OWNER', 'MEMBER', 'COLLABORATOR', 'CONTRIBUTOR']

/** Whether the author of a pull request is a stranger to the repository. */
export const isStranger = (association: string | null | undefined): boolean =>
  !KNOWN.includes(association ?? '')
