import type { Report } from '../build/report-record.ts'
import type { View } from '../build/view.ts'
import type { Slack, SlackLook } from './slack.ts'
import { SlackRefusal } from './slack.ts'
import { type SlackMessage, slackMessageOf } from './slack-message.ts'
import type { Telling } from './tell-status.ts'

type Told = Report['told']['slack']
/** Where and how a build's message appears, and whether one that does not stand yet is wanted. */
export type SlackWish = { look: SlackLook; isWanted: boolean; tail: readonly string[] }

/**
 * Brings a build's one message up to date: posts it, or edits it where it stands. Who was told of the start is told of
 * the end, whatever is wanted by then. A refusal is noted and never changes the result.
 */
export async function tellSlack(
  view: View,
  url: string,
  told: Told,
  { look, isWanted, tail }: SlackWish,
  slack: Slack,
): Promise<Telling<Told>> {
  const place = told?.channel && told.ts ? { channel: told.channel, ts: told.ts } : null
  const stands = told?.error === null && told.status === view.status
  if (stands || (!place && !isWanted)) return { told, again: false }
  const message = slackMessageOf(view, url, tail)
  try {
    const now = place ? await editOrPost(place, look, message, slack) : await slack.post(look, message)
    return { told: { ...now, status: view.status, error: null }, again: false }
  } catch (error) {
    const refusal =
      error instanceof SlackRefusal ? error : new SlackRefusal(String(error).slice(0, 300), false)
    const { channel = null, ts = null } = place ?? {}
    return { told: { channel, ts, status: view.status, error: refusal.message }, again: !refusal.isFinal }
  }
}

/** A message that somebody has deleted, or that is too old to change, is followed by a new one. */
async function editOrPost(
  place: { channel: string; ts: string },
  look: SlackLook,
  message: SlackMessage,
  slack: Slack,
) {
  try {
    await slack.edit(place, message)
    return place
  } catch (error) {
    if (!(error instanceof SlackRefusal && error.isFinal)) throw error
    return slack.post(look, message)
  }
}
