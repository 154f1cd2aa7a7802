import type { ChatPostMessageArguments, WebClient } from '@slack/web-api'
import type { Notifications } from '../../config/notifications.ts'
import type { SlackMessage } from './message.ts'

/** A posted message, as Slack identifies it. */
export type SlackMessageRef = { channel: string; ts: string }
/** How the configuration wants messages to appear. */
export type SlackSettings = NonNullable<Notifications['slack']>

/** Slack refused a call or could not be reached. `isFinal`: the same call would be refused again. */
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
  post(settings: SlackSettings, message: SlackMessage): Promise<SlackMessageRef>
  /** @throws SlackRefusal */
  edit(ref: SlackMessageRef, message: SlackMessage): Promise<void>
  /** The user and team of the token. @throws SlackRefusal */
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
    post: (settings, message) =>
      call(async client => {
        const { channel, ts } = await client.chat.postMessage(argumentsOf(settings, message))
        return { channel: channel ?? settings.channel, ts: ts ?? '' }
      }),
    edit: (ref, message) => call(async client => void (await client.chat.update({ ...ref, ...message }))),
    whoAmI: () =>
      call(async client => {
        const { user, team } = await client.auth.test()
        return `${user} of ${team}`
      }),
  }
}

/** Loaded on first use: most accounts have no Slack. */
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

/** Only an app's own messages can have another name and picture. https://docs.slack.dev/reference/methods/chat.postMessage */
function argumentsOf(settings: SlackSettings, message: SlackMessage): ChatPostMessageArguments {
  const shown = { channel: settings.channel, ...message, unfurl_links: false, unfurl_media: false }
  return settings.asUser ? shown : { ...shown, username: settings.username, icon_url: settings.iconUrl }
}

/** Errors that may not recur. https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const TRANSIENT = [
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
  const isFinal = code === 'slack_webapi_platform_error' && !TRANSIENT.includes(reason)
  return new SlackRefusal(`Slack refused the message: ${reason}`.slice(0, 300), isFinal)
}
