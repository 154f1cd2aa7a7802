import { DEPLOY_JOB, JOB_NAME, JOB_NAME_RULE, MOST_JOBS, VERIFY_JOB } from '../../model/job.ts'
import { VARIABLE_NAME, VARIABLE_NAME_RULE } from '../../model/names.ts'
import { z } from '../../model/zod.ts'
import { cacheSchema } from '../cache-schema.ts'
import { jobPathsSchema } from '../paths-schema.ts'
import {
  environmentSchema,
  flagSchema,
  retrySchema,
  ruleListSchema,
  ruleSchema,
  rulesSchema,
  timeoutSchema,
} from '../values.ts'
import { artifactListSchema, artifactsSchema } from './artifacts-schema.ts'
import { commandsSchema, setupSchema } from './command-schema.ts'
import { combinationsSchema, matrixSchema } from './matrix-schema.ts'
import { shardsSchema } from './shards-schema.ts'
import { testsSchema } from './tests-schema.ts'

const MAX_SECRETS = 100

const jobName = z
  .string({ error: 'must be the name of a job' })
  .regex(JOB_NAME, { error: `must be the name of a job (${JOB_NAME_RULE})` })

const need = z.union(
  [
    jobName,
    z.strictObject(
      {
        job: jobName.meta({ description: 'The job that must be done before.' }),
        artifacts: artifactListSchema
          .optional()
          .meta({ description: 'Which of its artifacts are unpacked. Default: all; [] for none.' }),
      },
      { error: 'must be the name of a job, or an object with "job" and "artifacts"' },
    ),
  ],
  { error: 'must be the name of a job, or an object with "job" and "artifacts"' },
)
const NEEDS = { error: 'must be the name of a job, or a list of jobs' }

/** The events of GitHub that jobs can be limited to. */
export const JOB_EVENTS = ['push', 'pullRequest', 'mergeGroup'] as const
const EVENT = { error: 'must be "push", "pullRequest" or "mergeGroup"' }
const event = z.enum(JOB_EVENTS, EVENT)

const BRANCHES = { error: 'must be a list of branch rules' }
const branchesSchema = z.union(
  [
    ruleSchema,
    ruleListSchema.min(1, { error: 'must not be empty: the job would never run' }),
    rulesSchema(flagSchema, 'must be a list of branch rules').refine(
      rules => Object.values(rules).includes(true),
      { error: 'must have a rule that is true: the job would never run' },
    ),
  ],
  BRANCHES,
)

const jobSchema = z
  .strictObject(
    {
      cmd: commandsSchema.optional().meta({
        description: 'The command, or a list of commands for one shell, under "set -eo pipefail".',
        examples: ['npm test', ['docker compose up -d --wait db', 'npm run e2e']],
      }),
      env: environmentSchema.optional().meta({ description: 'Variables for this job only.' }),
      setup: setupSchema.optional().meta({
        description: 'Runs before the command, instead of the top-level "setup"; false for nothing.',
      }),
      matrix: matrixSchema.optional().meta({
        description: 'Variables and their values. Each combination is a job of its own.',
        examples: [{ NODE: ['22', '24'] }],
      }),
      include: combinationsSchema.optional().meta({
        description: 'Values to add to the combinations that they fit, or further combinations.',
      }),
      exclude: combinationsSchema
        .optional()
        .meta({ description: 'Combinations to leave out; a part of one stands for all that have it.' }),
      needs: z
        .union(
          [jobName, z.array(need, NEEDS).max(MOST_JOBS, { error: `must have at most ${MOST_JOBS} jobs` })],
          NEEDS,
        )
        .optional()
        .meta({
          description: 'The jobs that must be done before. Their artifacts are unpacked.',
          examples: [['build'], [{ job: 'build', artifacts: [] }]],
        }),
      shards: shardsSchema.optional().meta({
        description:
          'Into how many parts the job is divided: LAMBCI_SHARD (from 1) of LAMBCI_SHARDS. Or its test files, which are divided by how long they take.',
        examples: [4, { files: 'test/**/*.test.ts', target: 30, max: 100 }],
      }),
      timeout: timeoutSchema
        .optional()
        .meta({ description: 'Limit for the command, in seconds (at most 900).' }),
      retry: retrySchema.optional().meta({
        description: 'How often the job is run again if its command fails (at most 2).',
      }),
      artifacts: artifactsSchema.optional().meta({
        description: 'Files for other jobs: a list of paths, or an object of names with paths.',
        examples: [['dist'], { coverage: { paths: ['coverage'], when: 'always' } }],
      }),
      tests: testsSchema.optional().meta({
        description: 'Test reports that the command writes, JUnit XML or TAP: a list of paths, or an object.',
        examples: [['reports/**/*.xml'], { files: ['junit.xml'], verdict: 'exit' }],
      }),
      cache: cacheSchema
        .optional()
        .meta({ description: 'The directories to cache, instead of the top-level "cache".' }),
      secrets: z
        .array(
          z
            .string({ error: 'must be the name of a secret variable' })
            .regex(VARIABLE_NAME, { error: `must be the name of a secret variable (${VARIABLE_NAME_RULE})` }),
          { error: 'must be a list of names of secret variables' },
        )
        .max(MAX_SECRETS, { error: `must have at most ${MAX_SECRETS} names` })
        .optional()
        .meta({ description: 'The secret variables that the job gets. Default: all; [] for none.' }),
      allowFailure: flagSchema
        .optional()
        .meta({ description: 'Whether the build may pass although this job fails.', default: false }),
      branches: branchesSchema.optional().meta({
        description: 'The branches for which the job runs; of a pull request, its base branch. Default: all.',
        examples: [['main', '/^release\\//']],
      }),
      on: z
        .union(
          [event, z.array(event, EVENT).min(1, { error: 'must not be empty: the job would never run' })],
          {
            error: 'must be "push", "pullRequest", "mergeGroup", or a list of these',
          },
        )
        .optional()
        .meta({ description: 'The events for which the job runs. Default: all.' }),
      paths: jobPathsSchema.optional().meta({
        description: 'Which files the job is about: a push that changes no such file leaves it out.',
      }),
    },
    { error: 'must be a command, a list of commands, an object, or false' },
  )
  .meta({ id: 'job', description: 'A job: one command in one sandbox.' })

/** Jobs by name. `false` removes one that another layer has. */
export const jobsSchema = z
  .record(
    z
      .string()
      .refine(name => name !== DEPLOY_JOB, {
        error:
          'is no name for a job: write its command as the top-level "deploy", which runs when all jobs are done',
      })
      .refine(name => name !== VERIFY_JOB, {
        error: 'is no name for a job: write its command as "verify" of a stage, which runs after the deploy',
      })
      .regex(JOB_NAME, { error: `is not a valid name for a job (${JOB_NAME_RULE})` }),
    z.union([z.literal(false), commandsSchema, jobSchema], {
      error: 'must be a command, a list of commands, an object, or false',
    }),
    { error: 'must be an object of jobs' },
  )
  .refine(jobs => Object.keys(jobs).length > 0, { error: 'must have at least one job' })
  .superRefine((jobs, context) => {
    const count = Object.keys(jobs).length
    if (count > MOST_JOBS)
      context.addIssue({ code: 'custom', message: `must have at most ${MOST_JOBS} jobs, and has ${count}` })
  })

/** A deploy that is more than a command. */
export const deployObjectSchema = z
  .strictObject(
    {
      cmd: commandsSchema.meta({
        description: 'The command, or a list of commands for one shell, under "set -eo pipefail".',
      }),
      setup: setupSchema
        .optional()
        .meta({ description: 'Runs before it, instead of the top-level "setup"; false for nothing.' }),
      artifacts: artifactListSchema
        .optional()
        .meta({ description: 'The names of the artifacts that it gets.' }),
      cache: cacheSchema.optional().meta({
        description:
          'Directories that are kept for the next deploy to the same stage, instead of the top-level "cache"; false for none.',
      }),
    },
    { error: 'must be a command (a string), or an object with "cmd"' },
  )
  .meta({ id: 'deploy' })
