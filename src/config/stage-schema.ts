import { MOST_STAGES } from '../model/job.ts'
import { z } from '../model/zod.ts'
import { artifactListSchema } from './jobs/artifacts-schema.ts'
import { quote } from './key-path.ts'
import { placeholderError, stageTemplateError } from './stage-placeholders.ts'
import {
  commandSchema,
  environmentSchema,
  flagSchema,
  rulesSchema,
  stageTemplateSchema,
  timeoutSchema,
  urlSchema,
} from './values.ts'

const stageObjectSchema = z.strictObject(
  {
    stage: stageTemplateSchema.meta({
      description: 'The name of the stage; "$1" is the first group of the rule.',
    }),
    deploy: commandSchema
      .optional()
      .meta({ description: 'The command for this stage, instead of the top-level "deploy".' }),
    env: environmentSchema.optional().meta({ description: 'Variables for the deploy and "verify" only.' }),
    artifacts: artifactListSchema.optional().meta({
      description: 'The names of the artifacts that the deploy gets, instead of those of "deploy".',
    }),
    url: urlSchema.optional().meta({ description: 'The URL of the deployed stage; "$1" as in its name.' }),
    timeout: timeoutSchema
      .optional()
      .meta({ description: 'Limit for the deploy command and for "verify", in seconds (at most 900).' }),
    manual: flagSchema.optional().meta({
      description:
        'Whether only people deploy to the stage, with "lambci deploy". So are all stages after it.',
      default: false,
    }),
    verify: commandSchema.optional().meta({
      description:
        'A command that checks the deployed stage, in a job without its role and secrets. If it fails, the deploy has failed.',
      examples: ['curl -fsS "$STAGE_URL/health"'],
    }),
  },
  { error: 'must be a stage name or an object with "stage"' },
)
const stageEntrySchema = z.union([stageTemplateSchema, stageObjectSchema], {
  error: 'must be a stage name or an object with "stage"',
})
const stageListSchema = z
  .array(stageEntrySchema, { error: 'must be a stage name, an object with "stage", or a list of these' })
  .min(1, { error: 'must have at least one stage' })
  .max(MOST_STAGES, { error: `must have at most ${MOST_STAGES} stages` })

/** Branch rules and stages. */
export const stagesSchema = rulesSchema(
  z.union([stageTemplateSchema, stageObjectSchema, stageListSchema], {
    error: 'must be a stage name, an object with "stage", or a list of these',
  }),
  'must be an object of branch rules and stages',
).superRefine((stages, context) => {
  for (const [rule, value] of Object.entries(stages)) {
    const entries = [value].flat().map(each => (typeof each === 'string' ? { stage: each } : each))
    const names = entries.map(({ stage }) => stage)
    const twice = names.find((name, at) => names.indexOf(name) < at)
    const messages = [
      ...entries.flatMap(({ stage, url }: { stage: string; url?: string | undefined }) => [
        stageTemplateError(rule, stage),
        url === undefined ? null : placeholderError(rule, url),
      ]),
      twice === undefined ? null : `must not name the stage ${quote(twice)} twice`,
    ]
    const message = messages.find(each => each !== null)
    if (message) context.addIssue({ code: 'custom', path: [rule], message })
  }
})
