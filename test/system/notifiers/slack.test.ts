import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseAccount } from '../../../src/account/settings.ts'
import { DEFAULTS } from '../../../src/config/defaults.ts'
import type { NotificationRule } from '../../../src/config/notifications-schema.ts'
import type { Build } from '../../../src/model/build.ts'
import type { JobFailure } from '../../../src/model/failure.ts'
import { openSlack } from '../../../src/notifiers/slack/client.ts'
import { slackMessageOf } from '../../../src/notifiers/slack/message.ts'
import { slackNotifier } from '../../../src/notifiers/slack/notifier.ts'
import type { View } from '../../../src/records/view.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { FORKED, makeBuild, newsOf, PULL, viewWith } from '../../support/records.ts'
import { SLACK_TOKEN, type SlackServer, startSlack } from '../../support/slack-server.ts'

const URL = 'https://ci.example.com/gh/ada/web/builds/7?key=k&x'
const SETTINGS = DEFAULTS.notifications.slack

let server: SlackServer
beforeAll(async () => {
  server = await startSlack()
})
beforeEach(() => {
  server.messages.length = 0
  server.calls.length = 0
  server.behave(() => 'ok')
})
afterAll(() => server.close())

const running = viewWith({ run: { phase: 'running', endedAt: null, conclusion: null } })
const passed = viewWith()
const failed = viewWith({ run: { conclusion: 'failed', reason: 'npm test ended with exit code 1' } })
type Options = {
  on?: NotificationRule
  isOver?: boolean
  tail?: readonly string[]
  token?: string
  api?: string
}
type Delivered = { channel: string | null; ts: string | null; status: string; error: string | null }

/** Notifies Slack of a build, by default of one that has ended unless it is `running`. */
function notifySlack(view: View, delivered: Delivered | null, options: Options = {}) {
  const {
    on = 'always',
    isOver = view !== running,
    tail = [],
    token = SLACK_TOKEN,
    api = server.url,
  } = options
  const { notify } = slackNotifier(async () => openSlack(token, api))
  const news = { ...newsOf(view, URL), isOver, tail: async () => tail }
  return notify(news, { on, slack: SETTINGS }, delivered)
}

describe('the message', () => {
  const textOf = (...given: Parameters<typeof slackMessageOf>) =>
    slackMessageOf(...given).attachments[0]?.text ?? ''

  test('names the build and describes its status', () => {
    expect(slackMessageOf(running, URL, [])).toEqual({
      text: '',
      attachments: [
        {
          color: '#0b62c4',
          fallback: 'ada/web #7: Running',
          text: '*<https://ci.example.com/gh/ada/web/builds/7?key=k&amp;x|ada/web #7>* Running\nmaster · Paint it green · Ada Writer',
        },
      ],
    })
    expect(textOf(failed, URL, ['1 passed', '\u001b[31m1 failed\u001b[0m'])).toMatch(
      /Failed: npm test ended with exit code 1.*\n.*\n```1 passed\n1 failed```$/,
    )
    expect(textOf(viewWith({ build: PULL }), URL, ['not shown'])).toMatch(
      /^.*Passed in 42 s.*\n#12 topic · [^`]*$/,
    )
  })

  test.each([
    ...HOSTILE,
    '<!channel>',
    '<https://example.com|click>',
    '``` out of it',
    '*bold* _it_ ~no~ `code`',
  ])('%j is shown as text', text => {
    const person = { name: text, login: null }
    const view = viewWith({
      build: { message: text, branch: text, checkoutBranch: text, author: person },
      run: { conclusion: 'failed', reason: text },
    })
    const shown = textOf(view, URL, [text, text])
    expect(shown.match(/<[^>]*>/g)).toEqual([`<${URL.replace('&', '&amp;')}|ada/web #7>`])
    expect(shown.match(/```/g)).toHaveLength(2)
  })

  test('a long tail is cut at a line, and never within an escape sequence', () => {
    const text = textOf(
      failed,
      URL,
      Array.from({ length: 20 }, (_, line) => `${line} ${'<&>'.repeat(40)}`),
    )
    expect(text.length).toBeLessThan(2500)
    const [, tail = ''] = text.split('```')
    expect(tail).toMatch(/^\d+ (&lt;&amp;&gt;)+\n/)
  })
})

describe('notifying', () => {
  test('posts one message at the start and edits it at the end', async () => {
    const start = await notifySlack(running, null)
    expect(start).toEqual({
      delivered: { channel: 'C-#general', ts: '1.1', status: 'running', error: null },
      again: false,
    })
    expect(server.messages).toMatchObject([{ username: 'LambCI', text: expect.stringContaining('Running') }])
    // No change, no call.
    expect((await notifySlack(running, start.delivered)).delivered).toBe(start.delivered)
    const end = await notifySlack(failed, start.delivered, { tail: ['why'] })
    expect(end.delivered).toMatchObject({ ts: '1.1', status: 'failed', error: null })
    expect(server.messages).toMatchObject([
      { edited: 1, text: expect.stringMatching(/^#c62828 .*Failed[\s\S]*why/) },
    ])
  })

  test('if the start was delivered, the end is delivered too, even if the rule has changed', async () => {
    const { delivered } = await notifySlack(running, null)
    await notifySlack(passed, delivered, { on: 'failure' })
    expect(server.messages).toMatchObject([{ edited: 1 }])
    expect((await notifySlack(passed, null, { on: 'failure' })).delivered).toBeNull()
    expect(server.messages).toHaveLength(1)
  })

  test('a deleted message is replaced by a new one', async () => {
    const delivered = { channel: 'C-x', ts: '9.9', status: 'running', error: null }
    expect((await notifySlack(failed, delivered)).delivered).toMatchObject({
      ts: '1.1',
      status: 'failed',
      error: null,
    })
  })

  test.each([
    ['channel_not_found', 'Slack refused the message: channel_not_found', false],
    ['internal_error', 'Slack refused the message: internal_error', true],
    [500, expect.stringMatching(/^Slack refused the message: /), true],
    [429, expect.stringMatching(/^Slack refused the message: /), true],
  ])('%s is recorded as %s; it is tried again: %s', async (behaviour, error, again) => {
    server.behave(() => behaviour)
    expect(await notifySlack(failed, null)).toEqual({
      delivered: { channel: null, ts: null, status: 'failed', error },
      again,
      isStanding: false,
    })
    server.behave(() => 'ok')
    expect(
      (await notifySlack(failed, { channel: null, ts: null, status: 'failed', error: 'x' })).delivered?.error,
    ).toBeNull()
  })

  test('the recorded error does not contain a wrong token', async () => {
    const { delivered, again } = await notifySlack(failed, null, { token: 'xoxb-wrong-and-secret' })
    expect([delivered?.error, again]).toEqual(['Slack refused the message: invalid_auth', false])
  })

  test('an unreachable Slack is tried again', async () => {
    const result = await notifySlack(failed, null, { api: 'http://127.0.0.1:9/api/' })
    expect(result).toMatchObject({
      delivered: { error: expect.stringContaining('Slack refused') },
      again: true,
    })
  })
})

test('a fork cannot choose the channel, a branch can', () => {
  const slackOf = (build: Build, files: unknown) =>
    parseAccount(build.project, build.settings).notifications(build, files).slack
  const chosen = { ...DEFAULTS.notifications, slack: { ...SETTINGS, channel: '#elsewhere' } }
  const settings = { global: { notifications: { slack: { channel: '#ci' } } } }
  expect(slackOf(makeBuild({ ...FORKED, settings }), chosen)?.channel).toBe('#ci')
  expect(slackOf(makeBuild({ settings }), chosen)?.channel).toBe('#elsewhere')
  expect(slackOf(makeBuild({ settings }), null)?.channel).toBe('#ci')
  expect(slackOf(makeBuild({ settings }), { on: 'often' })?.channel).toBe('#ci')
  const silent = { global: { notifications: { slack: false } } }
  expect(slackOf(makeBuild({ settings: silent }), null)).toBeNull()
})

test('the message of a test that failed names it, with its message instead of the end of the log', () => {
  const failure: JobFailure = {
    ...{ source: 'log', test: 'cart › <!channel> *adds*' },
    ...{ excerpt: ['```', '<@U1>', ...Array(6).fill('x'.repeat(299))], file: 'cart.js', line: 3, logLine: 7 },
  }
  const view = viewWith({ run: { conclusion: 'failed', reason: '1 of 2 tests failed', failure } })
  const [attachment] = slackMessageOf(view, URL, ['✓ a tick']).attachments
  expect(attachment?.text).toContain('cart › &lt;!channel&gt; ')
  expect(attachment?.text).toContain("```'''\n&lt;@U1&gt;\nxxx")
  expect(attachment?.text).not.toMatch(/a tick|<!channel|<@U1/)
})
