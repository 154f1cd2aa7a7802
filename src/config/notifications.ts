import * as z from 'zod'
import { DEFAULTS } from './defaults.ts'
import { notificationRuleSchema, slackSchema } from './notifications-schema.ts'

// Merging may put an object in the place of `false`: the defaults fill in what it does not say.
const slackSettingsSchema = z.preprocess(
  value => ({ ...DEFAULTS.notifications.slack, ...(value as object) }),
  slackSchema.required().readonly(),
)

/** Who hears of a build and when, in full. Notifiers pick their settings from it. */
export const notificationsSchema = z.object({
  on: notificationRuleSchema,
  /** Null: no messages. */
  slack: z.union([z.literal(false).transform(() => null), z.null(), slackSettingsSchema]),
  sns: z.union([
    z.literal(false).transform(() => ({ topicArn: null })),
    z.object({ topicArn: z.string().max(300).nullable().default(null) }).readonly(),
  ]),
})
export type Notifications = z.output<typeof notificationsSchema>
