import { z } from '../model/zod.ts'
import { DEFAULTS } from './defaults.ts'
import { flagSchema, topicArnSchema } from './values.ts'

const label = (max: number) =>
  z
    .string({ error: 'must be a string' })
    .min(1, { error: 'must not be empty' })
    .max(max, { error: `must be at most ${max} characters long` })

/** The conclusions for which notifications are sent. */
export const notificationRuleSchema = z.enum(['always', 'change', 'failure'], {
  error: 'must be "always", "change" or "failure"',
})
export type NotificationRule = z.infer<typeof notificationRuleSchema>

export const slackSchema = z.strictObject(
  {
    channel: label(100).optional().meta({ description: 'The channel, such as "#general".' }),
    username: label(100).optional().meta({ description: 'The user name of the messages.' }),
    iconUrl: label(2000).optional().meta({ description: 'The URL of the picture beside that name.' }),
    asUser: flagSchema.optional().meta({ description: 'Post as the user who owns the token.' }),
  },
  { error: 'must be an object' },
)

const snsSchema = z.strictObject(
  {
    topicArn: topicArnSchema.optional().meta({
      description: 'The topic for notifications. A file may choose one of those that the account lists.',
    }),
  },
  { error: 'must be an object' },
)

/** The destinations of notifications, and when they are sent. */
export const notificationLayerSchema = z.strictObject(
  {
    on: notificationRuleSchema.optional().meta({
      description: 'When to notify: always, when the conclusion changes, or on every failure.',
      default: DEFAULTS.notifications.on,
    }),
    slack: z
      .union([z.literal(false), slackSchema], { error: 'must be an object, or false to switch it off' })
      .optional()
      .meta({
        description: 'Messages in Slack; false to switch them off.',
        default: DEFAULTS.notifications.slack,
      }),
    sns: z
      .union([z.literal(false), snsSchema], { error: 'must be an object, or false to switch it off' })
      .optional()
      .meta({ description: 'Notifications by Amazon SNS; false to switch them off.' }),
  },
  { error: 'must be an object' },
)
