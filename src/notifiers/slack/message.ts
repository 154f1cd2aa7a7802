import { stripVTControlCharacters } from 'node:util'
import type { Announcement } from '../../model/announcement.ts'
import { hasEnded } from '../../model/conclusion.ts'
import { describeCost } from '../../records/cost.ts'
import { describeFailure } from '../../records/failure-wording.ts'
import type { View } from '../../records/view.ts'
import { describeStatus, isRed } from '../../records/wording.ts'

/** A message about one build. */
export type SlackMessage = { text: string; attachments: { color: string; fallback: string; text: string }[] }

const COLORS: Record<string, string> = { passed: '#1a7f37', running: '#0b62c4', deploying: '#0b62c4' }
const [RED, GREY] = ['#c62828', '#8b949e']
/** Slack folds longer texts. */
const TAIL_CHARACTERS = 1500
const NAME_CHARACTERS = 300

/** The message of a build at any time. `tail` is the end of the log of a build that failed. */
export function slackMessageOf(view: View, url: string, tail: readonly string[]): SlackMessage {
  const title = `${view.repository} #${view.number}`
  const status = describeStatus(view)
  const where = view.pullRequest === null ? view.branch : `#${view.pullRequest} ${view.checkoutBranch}`
  const cost = view.cost === null || !hasEnded(view.status) ? '' : ` · ${describeCost(view.cost)}`
  const { failure } = view
  const failed = failure && describeFailure(failure)
  const isEnd = !failure || failure.source === 'end'
  const shown = failure ? [...failure.excerpt, ...(failure.advice ? [failure.advice] : [])] : tail
  const lines = [
    `*<${escaped(url)}|${escaped(title)}>* ${escaped(named(status))}${cost}`,
    `${escaped(named(where))} · ${escaped(named(view.message.split('\n')[0] ?? ''))} · ${escaped(named(view.author.name))}`,
    ...(failed ? [escaped(named(failed))] : []),
    ...(isRed(view) && shown.length > 0 ? [`\`\`\`${isEnd ? tailOf(shown) : startOf(shown)}\`\`\``] : []),
  ]
  const color = isRed(view) ? RED : (COLORS[view.status] ?? GREY)
  const fallback = `${title}: ${status}`
  return { text: '', attachments: [{ color, fallback, text: lines.join('\n') }] }
}

/** A message about something other than a build. */
export const slackAnnouncementOf = ({ subject, text }: Announcement): SlackMessage => ({
  text: '',
  attachments: [{ color: RED, fallback: subject, text: escaped(text) }],
})

/** Escapes text, so that it neither mentions a channel nor becomes a link. https://docs.slack.dev/messaging/formatting-message-text */
const escaped = (text: string) =>
  printable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const printable = (text: string) =>
  stripVTControlCharacters(text)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .toWellFormed()

/** Breaks formatting marks (bold, italic, code) with a zero-width space. */
const named = (text: string) =>
  text.slice(0, NAME_CHARACTERS).replace(/(?<!\w)[*_~`]|[*_~`](?!\w)/g, mark => `\u200b${mark}`)

const inCode = (lines: readonly string[]) =>
  lines.map(line => escaped(line).replaceAll('```', "'''")).join('\n')

/** Cut at the end of a line, so that no escape sequence is cut. */
function startOf(lines: readonly string[]): string {
  const text = inCode(lines)
  return text.length <= TAIL_CHARACTERS
    ? text
    : text.slice(0, Math.max(0, text.lastIndexOf('\n', TAIL_CHARACTERS)))
}

function tailOf(lines: readonly string[]): string {
  const text = inCode(lines)
  // Cut at the beginning of a line, so that no escape sequence is cut.
  return text.length <= TAIL_CHARACTERS
    ? text
    : text.slice(text.indexOf('\n', text.length - TAIL_CHARACTERS) + 1).slice(-TAIL_CHARACTERS)
}
