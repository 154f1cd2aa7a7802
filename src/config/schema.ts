import { z } from '../model/zod.ts'
import { cacheSchema } from './cache-schema.ts'
import { DEFAULTS } from './defaults.ts'
import { artifactsSchema } from './jobs/artifacts-schema.ts'
import { setupSchema } from './jobs/command-schema.ts'
import { deployObjectSchema, jobsSchema } from './jobs/job-schema.ts'
import { jobCountSchema } from './jobs/limits-schema.ts'
import { testsSchema } from './jobs/tests-schema.ts'
import { notificationLayerSchema } from './notifications-schema.ts'
import { pathsSchema } from './paths-schema.ts'
import { stagesSchema } from './stage-schema.ts'
import {
  commandSchema,
  environmentSchema,
  fileGitSchema,
  flagSchema,
  retrySchema,
  rulesSchema,
  timeoutSchema,
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
  'jobs',
  'setup',
  'artifacts',
  'tests',
  'failFast',
  'maxParallel',
  'retry',
]

const retired = () =>
  z.unknown().optional().meta({ description: 'A key of LambCI that is no longer needed.', deprecated: true })

/** The keys that files, the account and their rules can set. */
export const commonShape = {
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
  deploy: z
    .union([commandSchema, deployObjectSchema], {
      error: 'must be a command (a string), or an object with "cmd"',
    })
    .optional()
    .meta({
      description: 'The command that deploys after all jobs have passed, on pushes to a branch with a stage.',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: for bash
      examples: ['zappa update $LAMBCI_STAGE', './deploy.sh "${STAGE}"'],
    }),
  jobs: jobsSchema.optional().meta({
    description: 'Jobs by name, instead of "cmd". They run at the same time, each in a sandbox of its own.',
    examples: [{ lint: 'npm run lint', unit: { cmd: 'npm test', matrix: { NODE: ['22', '24'] } } }],
  }),
  setup: setupSchema.optional().meta({
    description:
      'Runs before the command of each job, and before deploys, in the same shell; false for nothing.',
    examples: ['npm ci'],
  }),
  artifacts: artifactsSchema.optional().meta({
    description: 'Files that "cmd" leaves for the deploy. Jobs have "artifacts" of their own.',
  }),
  tests: testsSchema.optional().meta({
    description: 'Test reports that "cmd" writes, JUnit XML or TAP. Jobs have "tests" of their own.',
    examples: [['reports/**/*.xml']],
  }),
  failFast: flagSchema.optional().meta({
    description: 'Whether the first job that fails ends the others.',
    default: DEFAULTS.failFast,
  }),
  maxParallel: jobCountSchema.optional().meta({
    description: 'How many jobs of a build run at the same time. Default: as many as the account allows.',
  }),
  timeout: timeoutSchema
    .optional()
    .meta({ description: 'Limit for each command, in seconds (at most 900).' }),
  retry: retrySchema.optional().meta({
    description:
      'How often a job whose command fails is run again, in a fresh sandbox. If it then passes, it is "passed (flaky)". Deploys are never run again.',
    default: DEFAULTS.retry,
  }),
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

/** Refuses keys that exclude each other in one object. Across layers, the later one counts. */
export function refuseCmdWithJobs(
  { cmd, jobs, artifacts, tests }: { cmd?: unknown; jobs?: unknown; artifacts?: unknown; tests?: unknown },
  context: z.RefinementCtx,
) {
  if (jobs === undefined) return
  const refuse = (message: string) => context.addIssue({ code: 'custom', message })
  if (cmd !== undefined) refuse('"cmd" and "jobs" exclude each other: make "cmd" one of the jobs')
  if (artifacts !== undefined) refuse('"artifacts" goes with "cmd": here, write it into a job')
  if (tests !== undefined) refuse('"tests" goes with "cmd": here, write it into a job')
}

/** The keys of layers whose rules can set the keys of `shape`. */
export function layerShape<T extends typeof commonShape>(shape: T, id: string) {
  const decision = (keys: z.ZodRawShape, name: string) => {
    const overrides = z
      .strictObject(keys, { error: 'must be an object' })
      .superRefine(refuseCmdWithJobs)
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
      .meta({
        description: 'The path of this schema, for editors: "lambci schema > lambci.schema.json" writes it.',
        examples: ['./lambci.schema.json'],
      }),
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
export const layerSchema = z
  .strictObject(layerShape(fileShape, 'overrides'), { error: 'must be an object' })
  .superRefine(refuseCmdWithJobs)
