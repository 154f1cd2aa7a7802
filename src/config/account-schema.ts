import { approvalRuleSchema } from '../model/approval.ts'
import { z } from '../model/zod.ts'
import { ACCOUNT_DEFAULTS, DEFAULTS } from './defaults.ts'
import { jobRolesSchema, jobTokenSchema } from './job-access-schema.ts'
import { jobCountSchema } from './jobs/limits-schema.ts'
import { commonShape, layerShape, refuseCmdWithJobs } from './schema.ts'
import {
  budgetSchema,
  buildCountSchema,
  flagSchema,
  gitSchema,
  repositoryListSchema,
  roleArnSchema,
  ruleListSchema,
  stageSchema,
  topicArnSchema,
} from './values.ts'

const accountShape = {
  ...commonShape,
  git: gitSchema.optional().meta({
    description:
      'How to clone: "depth" is the number of commits, "tags" adds all tags and the whole history.',
    default: DEFAULTS.git,
  }),
}

/**
 * A layer of the account's settings: `config/global.json` or `config/gh/<owner>/<repo>.json`. It has some keys that
 * files cannot set.
 */
export const accountSchema = z
  .strictObject(
    {
      ...layerShape(accountShape, 'accountOverrides'),
      skip: flagSchema.optional().meta({
        description: 'Skip pushes whose commit message contains "[skip ci]" or similar.',
        default: DEFAULTS.skip,
      }),
      allow: repositoryListSchema.optional().meta({ description: 'The owners and repositories to build.' }),
      deployBranches: ruleListSchema.optional().meta({ description: 'The branches that may be deployed.' }),
      deployRole: roleArnSchema.nullable().optional().meta({
        description: 'The role that deploys assume. Default: the role of the stack.',
      }),
      pinnedStages: z
        .record(
          stageSchema,
          z.strictObject(
            {
              branches: ruleListSchema.meta({
                description: 'The only branches that may deploy to the stage.',
              }),
              role: roleArnSchema
                .optional()
                .meta({ description: 'The role that deploys to the stage assume.' }),
              manual: flagSchema.optional().meta({
                description: 'Whether only people deploy to the stage, whatever files say.',
                default: false,
              }),
            },
            { error: 'must be an object with "branches", "role" and "manual"' },
          ),
          { error: 'must be an object of stages' },
        )
        .optional()
        .meta({ description: 'Stages that only these branches can deploy to, whatever files say.' }),
      jobRoles: jobRolesSchema.optional().meta({
        description: 'The roles that jobs act as, by the name of the job; "build" for that of a "cmd".',
      }),
      jobToken: jobTokenSchema.optional().meta({
        description: 'Whether jobs get a GITHUB_TOKEN that can read their own repository and nothing else.',
        default: false,
      }),
      maxJobs: jobCountSchema.optional().meta({
        description: 'How many jobs a build may have. Each cell of a matrix and each shard counts.',
        default: ACCOUNT_DEFAULTS.maxJobs,
      }),
      maxRunningJobs: jobCountSchema.optional().meta({
        description: 'How many jobs of a repository run at the same time.',
      }),
      approval: approvalRuleSchema.optional().meta({
        description:
          'Which pull requests from forks wait until a person approves them: "strangers" (authors without an earlier contribution), "forks" (all) or "none".',
        default: ACCOUNT_DEFAULTS.approval,
      }),
      maxForkBuildsPerDay: buildCountSchema.optional().meta({
        description: 'How many builds of forks a repository may start a day (UTC). More wait for approval.',
        default: ACCOUNT_DEFAULTS.maxForkBuildsPerDay,
      }),
      maxBuildsPerDay: buildCountSchema.optional().meta({
        description: 'How many builds a repository may start a day (UTC). More wait for approval.',
        default: ACCOUNT_DEFAULTS.maxBuildsPerDay,
      }),
      monthlyBudget: budgetSchema.nullable().optional().meta({
        description:
          'The amount that the builds of a repository may cost in a month, in US dollars. At 80 % people are notified; once it is used up, builds wait for approval.',
      }),
      topics: z
        .array(topicArnSchema, { error: 'must be a list of topic ARNs' })
        .optional()
        .meta({ description: 'The SNS topics that files may choose from.' }),
    },
    { error: 'must be an object' },
  )
  .superRefine(refuseCmdWithJobs)
