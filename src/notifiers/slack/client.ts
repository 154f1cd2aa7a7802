import type { ChatPostMessageArguments, WebClient } from '@slack/web-api'
import type { SlackMessage } from './message.ts'

/** A message that stands in a channel: Slack names it by both. */
export type SlackMessageRef = { channel: string; ts: string }
/** How the configuration wants messages to appear. */
export type SlackSettings = { channel: string; username: string; iconUrl: string; asUser: boolean }

/** Slack refused, or could not be reached; `isFinal` when the same call would be refused again. */
export class SlackRefusal extends Error {
  override readonly name = 'SlackRefusal'
  readonly isFinal: boolean
  constructor(message: string, isFinal: boolean) {
    super(message)
    this.isFinal = isFinal
  }
}

export type Slack = {
  /** @throws SlackRefusal */
  post(look: SlackSettings, message: SlackMessage): Promise<SlackMessageRef>
  /** @throws SlackRefusal */
  edit(place: SlackMessageRef, message: SlackMessage): Promise<void>
  /** Whom the token belongs to. @throws SlackRefusal */
  whoAmI(): Promise<string>
}

export const SLACK_API_URL = 'https://slack.com/api/'
const TIMEOUT_MS = 5000

export function openSlack(token: string, slackApiUrl: string = SLACK_API_URL): Slack {
  let opened: Promise<WebClient> | undefined
  const call = async <T>(work: (client: WebClient) => Promise<T>): Promise<T> => {
    opened ??= openClient(token, slackApiUrl)
    return work(await opened).catch(error => {
      throw refusalOf(error)
    })
  }
  return {
    post: (look, message) =>
      call(async client => {
        const { channel, ts } = await client.chat.postMessage(argumentsOf(look, message))
        return { channel: channel ?? look.channel, ts: ts ?? '' }
      }),
    edit: (place, message) => call(async client => void (await client.chat.update({ ...place, ...message }))),
    whoAmI: () =>
      call(async client => {
        const { user, team } = await client.auth.test()
        return `${user} of ${team}`
      }),
  }
}

/** Loaded when there is something to say: most accounts have no Slack. */
async function openClient(token: string, slackApiUrl: string): Promise<WebClient> {
  const { LogLevel, WebClient } = await import('@slack/web-api')
  return new WebClient(token, {
    slackApiUrl,
    timeout: TIMEOUT_MS,
    retryConfig: { retries: 1, minTimeout: 300 },
    rejectRateLimitedCalls: true,
    logLevel: LogLevel.ERROR,
  })
}

/** A name and a picture can only be chosen for an app's own messages. https://docs.slack.dev/reference/methods/chat.postMessage */
function argumentsOf(look: SlackSettings, message: SlackMessage): ChatPostMessageArguments {
  const shown = { channel: look.channel, ...message, unfurl_links: false, unfurl_media: false }
  return look.asUser ? shown : { ...shown, username: look.username, icon_url: look.iconUrl }
}

/** What may well be gone with the next call. https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const PASSING = [
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]

function refusalOf(error: unknown): SlackRefusal {
  const { code, data, message } = error as { code?: string; data?: { error?: string }; message: string }
  const reason = code === 'slack_webapi_platform_error' ? (data?.error ?? message) : message
  const isFinal = code === 'slack_webapi_platform_error' && !PASSING.includes(reason)
  return new SlackRefusal(`Slack refused the message: ${reason}`.slice(0, 300), isFinal)
}
