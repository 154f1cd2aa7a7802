import type { Publish } from '../../aws/topics.ts'
import { notificationsSchema } from '../../config/notifications.ts'
import { z } from '../../model/zod.ts'
import { isWanted } from '../is-wanted.ts'
import type { Notifier } from '../notifier.ts'
import { snsAnnouncementOf, snsMessageOf } from './message.ts'

const settingsSchema = notificationsSchema.pick({ on: true, sns: true })
const deliveredSchema = z.object({ messageId: z.string().nullable(), error: z.string().nullable() })
type Settings = z.output<typeof settingsSchema>
type Delivered = z.infer<typeof deliveredSchema>

/** Publishes one message to an SNS topic when a build is over. */
export const snsNotifier = (publish: Publish): Notifier<Settings, Delivered> => ({
  name: 'sns',
  settings: settingsSchema,
  delivered: deliveredSchema,
  announce: async (announcement, { sns }) => {
    if (sns.topicArn === null) return false
    return publish(sns.topicArn, snsAnnouncementOf(announcement)).then(
      () => false,
      error => {
        console.error(error)
        return true
      },
    )
  },
  notify: async (news, { on, sns }, delivered) => {
    const isDone = !news.isOver || sns.topicArn === null || delivered?.error === null
    if (isDone || sns.topicArn === null || !(await isWanted(news, on))) return { delivered, again: false }
    const message = snsMessageOf(news.view, news.url, await news.tail())
    try {
      return { delivered: { messageId: await publish(sns.topicArn, message), error: null }, again: false }
    } catch (error) {
      const { name, message: reason } = error as Error
      const refusal = `SNS refused the notification: ${name}: ${reason}`.slice(0, 300)
      return { delivered: { messageId: null, error: refusal }, again: true }
    }
  },
})
