import { z } from '../model/zod.ts'
import { artifactListSchema } from './jobs/artifacts-schema.ts'
import { placeholderError, stageTemplateError } from './stage-placeholders.ts'
import {
  commandSchema,
  environmentSchema,
  rulesSchema,
  stageTemplateSchema,
  timeoutSchema,
  urlSchema,
} from './values.ts'

const stageRuleSchema = z.union(
  [
    stageTemplateSchema,
    z.strictObject(
      {
        stage: stageTemplateSchema.meta({
          description: 'The name of the stage; "$1" is the first group of the rule.',
        }),
        deploy: commandSchema
          .optional()
          .meta({ description: 'The command for this stage, instead of the top-level "deploy".' }),
        env: environmentSchema.optional().meta({ description: 'Variables for the deploy command only.' }),
        artifacts: artifactListSchema.optional().meta({
          description: 'The names of the artifacts that the deploy gets, instead of those of "deploy".',
        }),
        url: urlSchema
          .optional()
          .meta({ description: 'The URL of the deployed stage; "$1" as in its name.' }),
        timeout: timeoutSchema
          .optional()
          .meta({ description: 'Limit for the deploy command, in seconds (at most 900).' }),
      },
      { error: 'must be a stage name or an object with "stage"' },
    ),
  ],
  { error: 'must be a stage name or an object with "stage"' },
)

/** Branch rules and stages. */
export const stagesSchema = rulesSchema(
  stageRuleSchema,
  'must be an object of branch rules and stages',
).superRefine((stages, context) => {
  for (const [rule, value] of Object.entries(stages)) {
    const { stage, url } = typeof value === 'string' ? { stage: value, url: undefined } : value
    const message =
      stageTemplateError(rule, stage) ?? (url === undefined ? null : placeholderError(rule, url))
    if (message !== null) context.addIssue({ code: 'custom', path: [rule], message })
  }
})
