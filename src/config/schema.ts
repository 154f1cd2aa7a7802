import { z } from '../model/zod.ts'
import { cacheSchema } from './cache-schema.ts'
import { DEFAULTS } from './defaults.ts'
import { notificationLayerSchema } from './notifications-schema.ts'
import { pathsSchema } from './paths-schema.ts'
import { stagesSchema } from './stage-schema.ts'
import {
  commandSchema,
  environmentSchema,
  fileGitSchema,
  flagSchema,
  gitSchema,
  repositoryListSchema,
  roleArnSchema,
  ruleListSchema,
  rulesSchema,
  stageSchema,
  timeoutSchema,
  topicArnSchema,
} from './values.ts'

/** The keys that `allowConfigOverrides` may list: those of the schema, which a test compares. */
export const OVERRIDABLE = [
  'cmd',
  'env',
  'build',
  'branches',
  'pullRequests',
  'notifications',
  'inheritSecrets',
  'allowConfigOverrides',
  'git',
  'stages',
  'deploy',
  'timeout',
  'cancelSuperseded',
  'paths',
  'cache',
]

const retired = () =>
  z.unknown().optional().meta({ description: 'A key of LambCI that is no longer needed.', deprecated: true })

/** What files, the account and their rules can set. */
const commonShape = {
  cmd: commandSchema.optional().meta({
    description: 'The command that builds and tests, run by "bash -c" in the root of the clone.',
    default: DEFAULTS.cmd,
    examples: ['npm ci && npm test', 'pip install --user tox && tox', './ci.sh'],
  }),
  env: environmentSchema.optional().meta({
    description: 'Environment variables for the commands. Set secret ones with "lambci secret set".',
  }),
  build: flagSchema.optional().meta({
    description: 'Whether to build if no rule in "branches" or "pullRequests" decides.',
    default: DEFAULTS.build,
  }),
  notifications: notificationLayerSchema
    .optional()
    .meta({ description: 'Where to send notifications, and when.' }),
  inheritSecrets: flagSchema.optional().meta({
    description: 'Pass secret variables to the commands. A file can switch this off, but not on.',
    default: DEFAULTS.inheritSecrets,
  }),
  allowConfigOverrides: z
    .union(
      [z.boolean(), z.array(z.enum(OVERRIDABLE, { error: `must be one of ${OVERRIDABLE.join(', ')}` }))],
      {
        error: 'must be true, false or a list of keys',
      },
    )
    .optional()
    .meta({
      description: 'The keys that files in the repository may set: true for all, false for none, or a list.',
      default: DEFAULTS.allowConfigOverrides,
    }),
  stages: stagesSchema.optional().meta({
    description:
      'Which branch is deployed to which stage. Keys: branch names or "/regex/". Values: stage names or objects.',
    examples: [{ master: 'dev', qa: 'qa', staging: 'staging', production: 'production' }],
  }),
  deploy: commandSchema.optional().meta({
    description: 'The command that deploys after the tests have passed, on pushes to a branch with a stage.',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: for bash
    examples: ['zappa update $LAMBCI_STAGE', './deploy.sh "${STAGE}"'],
  }),
  timeout: timeoutSchema
    .optional()
    .meta({ description: 'Limit for each command, in seconds (at most 900).' }),
  cancelSuperseded: flagSchema.optional().meta({
    description:
      'Cancel a build when a newer commit of its branch or pull request is pushed. Default: true, except for branches with a stage and with "paths".',
  }),
  cache: cacheSchema.optional().meta({
    description: 'Directories to keep between builds, in the workspace or in HOME ("~/.npm").',
    examples: [['node_modules', '~/.npm']],
  }),
  paths: pathsSchema.optional().meta({
    description:
      'Which files start a build when they change; a push that changes no other files is skipped. "*" and "?" do not match a slash, "**" does.',
    examples: [{ exclude: ['docs', '**/*.md'] }],
  }),
  clearTmp: retired(),
  s3Bucket: retired(),
  s3PublicSecretNames: retired(),
}

const fileShape = {
  ...commonShape,
  git: fileGitSchema.optional().meta({
    description:
      'How to clone: "tags" adds all tags and the whole history. The number of commits ("depth") is set in the account\'s settings.',
  }),
}

const accountShape = {
  ...commonShape,
  git: gitSchema.optional().meta({
    description:
      'How to clone: "depth" is the number of commits, "tags" adds all tags and the whole history.',
    default: DEFAULTS.git,
  }),
}

/** The keys of layers whose rules can set the keys of `shape`. */
function layerShape<T extends typeof commonShape>(shape: T, id: string) {
  const decision = (keys: z.ZodRawShape, name: string) => {
    const overrides = z
      .strictObject(keys, { error: 'must be an object' })
      .meta({ id: name, description: 'Settings for these builds.' })
    return z.union([z.boolean(), overrides], { error: 'must be true, false or an object' })
  }
  // Pull requests are never deployed, and always built.
  const { stages: _stages, deploy: _deploy, paths: _paths, ...pullRequestShape } = shape
  const pullRequest = decision(pullRequestShape as z.ZodRawShape, `${id}ForPullRequests`)
  const forPullRequests = (origin: string) =>
    pullRequest.optional().meta({ description: `Pull requests ${origin}.` })
  const pullRequests = z.strictObject(
    {
      fromSelfPublicRepo: forPullRequests('from branches of a public repository itself'),
      fromSelfPrivateRepo: forPullRequests('from branches of a private repository itself'),
      fromForkPublicRepo: forPullRequests('from forks of a public repository'),
      fromForkPrivateRepo: forPullRequests('from forks of a private repository'),
      merge: flagSchema.optional().meta({
        description: 'Test the merge of a pull request into its base branch instead of its head.',
        default: DEFAULTS.pullRequests.merge,
      }),
    },
    { error: 'must be an object' },
  )
  return {
    ...shape,
    $schema: z
      .string({ error: 'must be a string' })
      .optional()
      .meta({ description: 'The URL of this schema, for editors.' }),
    branches: z
      .union([z.boolean(), rulesSchema(decision(shape, id), 'must be an object of branch rules')], {
        error: 'must be true, false or an object of branch rules',
      })
      .optional()
      .meta({
        description:
          'Which branches to build, and how. The exact name wins, then the first "/regex/" or "!/regex/" that matches.',
        default: { master: true, main: true },
      }),
    pullRequests: z
      .union([z.boolean(), pullRequests], { error: 'must be true, false or an object' })
      .optional()
      .meta({ description: 'Which pull requests to build, and how.', default: DEFAULTS.pullRequests }),
  }
}

/** One layer of configuration: `.lambci.json`, or the key `lambci` of `package.json`. Every key is optional. */
export const layerSchema = z.strictObject(layerShape(fileShape, 'overrides'), { error: 'must be an object' })

/**
 * A layer of the account's settings: `config/global.json` or `config/gh/<owner>/<repo>.json`. It has some keys that
 * files cannot set.
 */
export const accountSchema = z.strictObject(
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
            branches: ruleListSchema.meta({ description: 'The only branches that may deploy to the stage.' }),
            role: roleArnSchema
              .optional()
              .meta({ description: 'The role that deploys to the stage assume.' }),
          },
          { error: 'must be an object with "branches" and "role"' },
        ),
        { error: 'must be an object of stages' },
      )
      .optional()
      .meta({ description: 'Stages that only these branches can deploy to, whatever files say.' }),
    topics: z
      .array(topicArnSchema, { error: 'must be a list of topic ARNs' })
      .optional()
      .meta({ description: 'The SNS topics that files may choose from.' }),
  },
  { error: 'must be an object' },
)
