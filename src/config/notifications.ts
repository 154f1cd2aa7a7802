import { z } from '../model/zod.ts'
import { DEFAULTS } from './defaults.ts'
import { notificationRuleSchema, slackSchema } from './notifications-schema.ts'

// An object may replace `false` in a merge. The defaults fill in the keys that it does not set.
const slackSettingsSchema = z.preprocess(
  value => ({ ...DEFAULTS.notifications.slack, ...(value as object) }),
  slackSchema.required().readonly(),
)

/** Complete notification settings. Each notifier picks its own from it. */
export const notificationsSchema = z.object({
  on: notificationRuleSchema,
  /** Null: off. */
  slack: z.union([z.literal(false).transform(() => null), z.null(), slackSettingsSchema]),
  sns: z.union([
    z.literal(false).transform(() => ({ topicArn: null })),
    z.object({ topicArn: z.string().max(300).nullable().default(null) }).readonly(),
  ]),
})
export type Notifications = z.output<typeof notificationsSchema>
