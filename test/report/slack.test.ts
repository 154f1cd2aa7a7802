import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { slackLook } from '../../src/account/settings.ts'
import { DEFAULTS } from '../../src/config/defaults.ts'
import { openSlack } from '../../src/report/slack.ts'
import { slackMessageOf } from '../../src/report/slack-message.ts'
import { tellSlack } from '../../src/report/tell-slack.ts'
import { HOSTILE } from '../payloads.ts'
import { FORKED, jobOf, PULL, viewWith } from '../records.ts'
import { SLACK_TOKEN, type SlackServer, startSlack } from './slack-server.ts'

const URL = 'https://ci.example.com/gh/ada/web/builds/7?key=k&x'
const LOOK = DEFAULTS.notifications.slack

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

const running = viewWith({ run: { phase: 'running', endedAt: null, result: null } })
const failed = viewWith({ run: { result: 'failed', reason: 'npm test ended with exit code 1' } })
type Wish = Partial<Parameters<typeof tellSlack>[3]>
const tell = (
  view: typeof running,
  told: Parameters<typeof tellSlack>[2],
  wish: Wish = {},
  token = SLACK_TOKEN,
) =>
  tellSlack(view, URL, told, { look: LOOK, isWanted: true, tail: [], ...wish }, openSlack(token, server.url))

describe('the message', () => {
  const textOf = (...given: Parameters<typeof slackMessageOf>) =>
    slackMessageOf(...given).attachments[0]?.text ?? ''

  test('says what a build is and how it stands', () => {
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
    expect(textOf(viewWith({ job: PULL }), URL, ['never shown'])).toMatch(
      /^.*Passed in 42 s.*\n#12 topic · [^`]*$/,
    )
  })

  test.each([
    ...HOSTILE,
    '<!channel>',
    '<https://example.com|click>',
    '``` out of it',
    '*bold* _it_ ~no~ `code`',
  ])('nothing that %j says is more than text', text => {
    const person = { name: text, login: null }
    const view = viewWith({
      job: { message: text, branch: text, checkoutBranch: text, author: person },
      run: { result: 'failed', reason: text },
    })
    const said = textOf(view, URL, [text, text])
    expect(said.match(/<[^>]*>/g)).toEqual([`<${URL.replace('&', '&amp;')}|ada/web #7>`])
    expect(said.match(/```/g)).toHaveLength(2)
  })

  test('a long tail is cut at a line, and never within an escape', () => {
    const said = textOf(
      failed,
      URL,
      Array.from({ length: 20 }, (_, line) => `${line} ${'<&>'.repeat(40)}`),
    )
    expect(said.length).toBeLessThan(2500)
    const [, tail = ''] = said.split('```')
    expect(tail).toMatch(/^\d+ (&lt;&amp;&gt;)+\n/)
  })
})

describe('telling', () => {
  test('one message: posted at the start, edited at the end', async () => {
    const start = await tell(running, null)
    expect(start).toEqual({
      told: { channel: 'C-#general', ts: '1.1', status: 'running', error: null },
      again: false,
    })
    expect(server.messages).toMatchObject([{ username: 'LambCI', text: expect.stringContaining('Running') }])
    // Nothing new, nothing said.
    expect((await tell(running, start.told)).told).toBe(start.told)
    const end = await tell(failed, start.told, { tail: ['why'] })
    expect(end.told).toMatchObject({ ts: '1.1', status: 'failed', error: null })
    expect(server.messages).toMatchObject([
      { edited: 1, text: expect.stringMatching(/^#c62828 .*Failed[\s\S]*why/) },
    ])
  })

  test('who was told of the start is told of the end, though nobody wants it any more', async () => {
    const { told } = await tell(running, null)
    await tell(failed, told, { isWanted: false })
    expect(server.messages).toMatchObject([{ edited: 1 }])
    expect((await tell(failed, null, { isWanted: false })).told).toBeNull()
    expect(server.messages).toHaveLength(1)
  })

  test('a message that is gone is followed by a new one', async () => {
    const told = { channel: 'C-x', ts: '9.9', status: 'running', error: null }
    expect((await tell(failed, told)).told).toMatchObject({ ts: '1.1', status: 'failed', error: null })
  })

  test.each([
    ['channel_not_found', 'Slack refused the message: channel_not_found', false],
    ['internal_error', 'Slack refused the message: internal_error', true],
    [500, expect.stringMatching(/^Slack refused the message: /), true],
    [429, expect.stringMatching(/^Slack refused the message: /), true],
  ])('%s is noted; whether it is tried again: %s %s', async (behaviour, error, again) => {
    server.behave(() => behaviour)
    expect(await tell(failed, null)).toEqual({
      told: { channel: null, ts: null, status: 'failed', error },
      again,
    })
    server.behave(() => 'ok')
    expect(
      (await tell(failed, { channel: null, ts: null, status: 'failed', error: 'x' })).told?.error,
    ).toBeNull()
  })

  test('a wrong token is no secret in the note', async () => {
    const { told, again } = await tell(failed, null, {}, 'xoxb-wrong-and-secret')
    expect([told?.error, again]).toEqual(['Slack refused the message: invalid_auth', false])
  })

  test('Slack that is not there', async () => {
    const slack = openSlack(SLACK_TOKEN, 'http://127.0.0.1:9/api/')
    const told = await tellSlack(failed, URL, null, { look: LOOK, isWanted: true, tail: [] }, slack)
    expect(told).toMatchObject({ told: { error: expect.stringContaining('Slack refused') }, again: true })
  })
})

test('a fork chooses no channel, a branch does', () => {
  const chosen = { on: 'always' as const, topicArn: null, slack: { ...LOOK, channel: '#elsewhere' } }
  const settings = { global: { notifications: { slack: { channel: '#ci' } } } }
  expect(slackLook(jobOf({ ...FORKED, settings }), chosen)?.channel).toBe('#ci')
  expect(slackLook(jobOf({ settings }), chosen)?.channel).toBe('#elsewhere')
  expect(slackLook(jobOf({ settings }), null)?.channel).toBe('#ci')
  expect(slackLook(jobOf({ settings: { global: { notifications: { slack: false } } } }), null)).toBeNull()
})
