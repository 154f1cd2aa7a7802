import { notificationsSchema } from '../../config/notifications.ts'
import { z } from '../../model/zod.ts'
import { isWanted } from '../is-wanted.ts'
import type { Notifier } from '../notifier.ts'
import { type Slack, type SlackMessageRef, SlackRefusal, type SlackSettings } from './client.ts'
import { type SlackMessage, slackAnnouncementOf, slackMessageOf } from './message.ts'

const settingsSchema = notificationsSchema.pick({ on: true, slack: true })
const deliveredSchema = z.object({
  /** The message, once it is posted. */
  channel: z.string().nullable(),
  ts: z.string().nullable(),
  status: z.string(),
  error: z.string().nullable(),
})
type Settings = z.output<typeof settingsSchema>
type Delivered = z.infer<typeof deliveredSchema>

/**
 * Keeps one message for each build, posted at its start if every end is wanted, and edited as the build proceeds. If the start was
 * delivered, the end is delivered, too. `open` returns null if the account has no Slack token.
 */
export const slackNotifier = (open: () => Promise<Slack | null>): Notifier<Settings, Delivered> => ({
  name: 'slack',
  settings: settingsSchema,
  delivered: deliveredSchema,
  announce: async (announcement, { slack: settings }) => {
    const slack = settings && (await open())
    if (!slack) return false
    return slack.post(settings, slackAnnouncementOf(announcement)).then(
      () => false,
      error => {
        console.error(error)
        return !(error instanceof SlackRefusal && error.isFinal)
      },
    )
  },
  notify: async (news, { on, slack: settings }, delivered) => {
    const { view, url } = news
    const posted =
      delivered?.channel && delivered.ts ? { channel: delivered.channel, ts: delivered.ts } : null
    const isCurrent = delivered?.error === null && delivered.status === view.status
    if (!settings || isCurrent || !(posted || (await isWanted(news, on)))) return { delivered, again: false }
    const slack = await open()
    if (!slack) return { delivered, again: false }
    const message = slackMessageOf(view, url, await news.tail())
    try {
      const ref = posted
        ? await editOrPost(posted, settings, message, slack)
        : await slack.post(settings, message)
      return { delivered: { ...ref, status: view.status, error: null }, again: false }
    } catch (error) {
      const refusal =
        error instanceof SlackRefusal ? error : new SlackRefusal(String(error).slice(0, 300), false)
      const { channel = null, ts = null } = posted ?? {}
      const next = { channel, ts, status: view.status, error: refusal.message }
      // A message about the end compensates for a missing one about the start.
      return { delivered: next, again: news.isOver && !refusal.isFinal, isStanding: posted !== null }
    }
  },
})

/** Posts a new message if the old one was deleted or is too old to be edited. */
async function editOrPost(
  ref: SlackMessageRef,
  settings: SlackSettings,
  message: SlackMessage,
  slack: Slack,
) {
  try {
    await slack.edit(ref, message)
    return ref
  } catch (error) {
    if (!(error instanceof SlackRefusal && error.isFinal)) throw error
    return slack.post(settings, message)
  }
}
