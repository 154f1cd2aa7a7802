import * as z from 'zod'
import { DEFAULTS } from './defaults.ts'
import { flagSchema, topicArnSchema } from './values.ts'

const label = (max: number) =>
  z
    .string({ error: 'must be text' })
    .min(1, { error: 'must not be empty' })
    .max(max, { error: `must be ${max} characters long at most` })

/** Which endings of builds people hear of. */
export const notificationRuleSchema = z.enum(['always', 'change', 'failure'], {
  error: 'must be "always", "change" or "failure"',
})
export type NotificationRule = z.infer<typeof notificationRuleSchema>

export const slackSchema = z.strictObject(
  {
    channel: label(100).optional().meta({ description: 'The channel, such as "#general".' }),
    username: label(100).optional().meta({ description: 'The name under which messages appear.' }),
    iconUrl: label(2000).optional().meta({ description: 'The picture beside that name.' }),
    asUser: flagSchema.optional().meta({ description: 'Post as the user to whom the token belongs.' }),
  },
  { error: 'must be an object' },
)

const snsSchema = z.strictObject(
  {
    topicArn: topicArnSchema.optional().meta({
      description: 'The topic to which notices go. A file may choose among those that the account lists.',
    }),
  },
  { error: 'must be an object' },
)

/** Who hears of builds, and when. */
export const notificationLayerSchema = z.strictObject(
  {
    on: notificationRuleSchema
      .optional()
      .meta({ description: 'Which ends of builds people hear of.', default: DEFAULTS.notifications.on }),
    slack: z
      .union([z.literal(false), slackSchema], { error: 'must be an object, or false for none' })
      .optional()
      .meta({ description: 'Messages in Slack; false for none.', default: DEFAULTS.notifications.slack }),
    sns: z
      .union([z.literal(false), snsSchema], { error: 'must be an object, or false for none' })
      .optional()
      .meta({ description: 'Notices by Amazon SNS; false for none.' }),
  },
  { error: 'must be an object with "on", "slack" and "sns"' },
)
