import * as z from 'zod'
import { cacheSchema } from './cache-schema.ts'
import { DEFAULTS } from './defaults.ts'
import { notificationLayerSchema } from './notifications-schema.ts'
import { pathsSchema } from './paths-schema.ts'
import {
  commandSchema,
  environmentSchema,
  flagSchema,
  gitSchema,
  repositoryListSchema,
  roleArnSchema,
  ruleListSchema,
  rulesSchema,
  stageSchema,
  stageTemplateSchema,
  timeoutSchema,
  topicArnSchema,
  urlSchema,
} from './values.ts'

const OVERRIDABLE = [
  ...['cmd', 'env', 'build', 'branches', 'pullRequests', 'notifications', 'inheritSecrets'],
  ...[
    'allowConfigOverrides',
    'git',
    'stages',
    'deploy',
    'timeout',
    'skip',
    'cancelSuperseded',
    'paths',
    'cache',
  ],
]

const stageRuleSchema = z.union(
  [
    stageTemplateSchema,
    z.strictObject(
      {
        stage: stageTemplateSchema.meta({ description: 'Its name; "$1" is the first group of the rule.' }),
        deploy: commandSchema.optional().meta({ description: 'In place of the "deploy" at the top.' }),
        env: environmentSchema.optional().meta({ description: 'Variables for the deploy alone.' }),
        url: urlSchema.optional().meta({ description: 'Where the stage can be seen; "$1" as in its name.' }),
        timeout: timeoutSchema.optional().meta({ description: 'Seconds that the deploy may take.' }),
      },
      { error: 'must be a stage name or an object with "stage"' },
    ),
  ],
  { error: 'must be a stage name or an object with "stage"' },
)

const retired = () =>
  z.unknown().optional().meta({ description: 'Of LambCI; no longer needed.', deprecated: true })

const overrideShape = {
  cmd: commandSchema.optional().meta({
    description: 'The command that builds and tests, run by "bash -c" at the root of the clone.',
    default: DEFAULTS.cmd,
    examples: ['npm ci && npm test', 'pip install --user tox && tox', './ci.sh'],
  }),
  env: environmentSchema
    .optional()
    .meta({ description: 'Variables for the commands. Secret ones are set with "lambci secret set".' }),
  build: flagSchema.optional().meta({
    description: 'Whether to build where no rule of "branches" or "pullRequests" decides.',
    default: DEFAULTS.build,
  }),
  notifications: notificationLayerSchema.optional().meta({ description: 'Who hears of builds, and when.' }),
  inheritSecrets: flagSchema.optional().meta({
    description: 'Give secret variables to the commands. A file can switch this off, but not on.',
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
      description: 'What files in the repository may say: all, nothing, or the keys listed.',
      default: DEFAULTS.allowConfigOverrides,
    }),
  git: gitSchema.optional().meta({
    description: 'How to clone: "depth" commits. It has effect in the account\'s settings.',
    default: DEFAULTS.git,
  }),
  stages: rulesSchema(stageRuleSchema, 'must be an object of branch rules and stages')
    .optional()
    .meta({
      description:
        'Which branch is deployed to which stage: branch names or "/regex/", and names of stages or objects.',
      examples: [{ master: 'dev', qa: 'qa', staging: 'staging', production: 'production' }],
    }),
  deploy: commandSchema.optional().meta({
    description: 'The command that deploys after a green build of a pushed branch that has a stage.',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: for bash
    examples: ['zappa update $LAMBCI_STAGE', './deploy.sh "${STAGE}"'],
  }),
  timeout: timeoutSchema.optional().meta({ description: 'Seconds that a command may take, 900 at most.' }),
  cancelSuperseded: flagSchema.optional().meta({
    description:
      'End a build when a newer commit of its branch or pull request comes. Without a word: yes, but for branches with a stage.',
  }),
  cache: cacheSchema.optional().meta({
    description: 'What is kept from build to build: directories of the workspace, or of HOME ("~/.npm").',
    examples: [['node_modules', '~/.npm']],
  }),
  paths: pathsSchema.optional().meta({
    description:
      'Which changed files matter: a push that changes no other is not built. "*" and "?" stay within a directory, "**" does not.',
    examples: [{ exclude: ['docs', '**/*.md'] }],
  }),
  skip: flagSchema.optional().meta({
    description: 'Heed skip words such as "[skip ci]" in the message of a pushed commit.',
    default: DEFAULTS.skip,
  }),
  clearTmp: retired(),
  s3Bucket: retired(),
  s3PublicSecretNames: retired(),
}

const overrideSchema = z
  .strictObject(overrideShape, { error: 'must be an object' })
  .meta({ id: 'overrides', description: 'What else holds for these builds.' })

const decisionSchema = z.union([z.boolean(), overrideSchema], { error: 'must be true, false or an object' })
const forPullRequests = (whose: string) =>
  decisionSchema.optional().meta({ description: `Pull requests ${whose}.` })

const pullRequestsSchema = z.strictObject(
  {
    fromSelfPublicRepo: forPullRequests('from branches of a public repository itself'),
    fromSelfPrivateRepo: forPullRequests('from branches of a private repository itself'),
    fromForkPublicRepo: forPullRequests('from forks of a public repository'),
    fromForkPrivateRepo: forPullRequests('from forks of a private repository'),
  },
  { error: 'must be an object' },
)

const layerShape = {
  ...overrideShape,
  $schema: z
    .string({ error: 'must be text' })
    .optional()
    .meta({ description: 'Where editors find this schema.' }),
  branches: z
    .union([z.boolean(), rulesSchema(decisionSchema, 'must be an object of branch rules')], {
      error: 'must be true, false or an object of branch rules',
    })
    .optional()
    .meta({
      description:
        'Which branches to build, and how: names first, then the first "/regex/" or "!/regex/" to match.',
      default: DEFAULTS.branches,
    }),
  pullRequests: z
    .union([z.boolean(), pullRequestsSchema], { error: 'must be true, false or an object' })
    .optional()
    .meta({ description: 'Which pull requests to build, and how.', default: DEFAULTS.pullRequests }),
}

/** One layer of configuration: `.lambci.json`, or the key `lambci` of `package.json`. Every key is optional. */
export const layerSchema = z.strictObject(layerShape, { error: 'must be an object' })
export type Layer = z.output<typeof layerSchema>

/** A layer of the account's own, `config/global.json` or `config/gh/<owner>/<repo>.json`: files cannot say these. */
export const accountSchema = z.strictObject(
  {
    ...layerShape,
    allow: repositoryListSchema.optional().meta({ description: 'The owners and repositories to build for.' }),
    deployBranches: ruleListSchema.optional().meta({ description: 'The branches that may be deployed.' }),
    deployRole: roleArnSchema.nullable().optional().meta({
      description: 'The role that deploys assume; of the stack where it is not said.',
    }),
    pinnedStages: z
      .record(
        stageSchema,
        z.strictObject(
          {
            branches: ruleListSchema.meta({ description: 'The only branches that may take the stage.' }),
            role: roleArnSchema.optional().meta({ description: 'The role that its deploys assume.' }),
          },
          { error: 'must be an object with "branches" and "role"' },
        ),
        { error: 'must be an object of stages' },
      )
      .optional()
      .meta({ description: 'Stages that no file can give to another branch.' }),
    topics: z
      .array(topicArnSchema, { error: 'must be a list of topic ARNs' })
      .optional()
      .meta({ description: 'The SNS topics among which files may choose.' }),
  },
  { error: 'must be an object' },
)
