import { expect, test } from 'vitest'
import type { NotificationRule } from '../../../src/config/notifications-schema.ts'
import type { JobFailure } from '../../../src/model/failure.ts'
import { isWanted } from '../../../src/notifiers/is-wanted.ts'
import { snsMessageOf } from '../../../src/notifiers/sns/message.ts'
import { snsNotifier } from '../../../src/notifiers/sns/notifier.ts'
import type { Summary } from '../../../src/records/branch-summary.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { after, FORKED, type makeBuild, newsOf, PULL, viewWith } from '../../support/records.ts'

const URL = 'https://ci.example.com/gh/ada/web/builds/7'
const deploy = (status: 'succeeded' | 'failed', reason: string | null = null) => ({
  stage: 'dev',
  status,
  reason,
  exit: null,
  url: null,
})
/** The report of a build whose tests have passed, and whose deploy ended like this. */
const deployedAs = (
  conclusion: 'passed' | 'failed',
  ended: Omit<ReturnType<typeof deploy>, 'status'> & { status: 'succeeded' | 'failed' | 'cancelled' },
  reason: string | null = null,
) => ({ end: { conclusion, reason, deploy: ended, endedAt: after(44).toISOString() } })
const FAILED = {
  conclusion: 'failed',
  reason: 'npm test ended with exit code 1',
  exit: { kind: 'exited', code: 1 },
} as const

test('the notification of a deploy by hand says who has requested it, and that of a rebuild how to deploy it', () => {
  const textOf = (...given: Parameters<typeof viewWith>) => snsMessageOf(viewWith(...given), URL, []).text
  const build = { event: 'deploy', target: { stage: 'dev', of: 3, by: 'bob' } } as const
  expect(textOf({ build, report: deployedAs('passed', deploy('succeeded')) })).toMatch(/^Requested by: bob$/m)
  const withheld = { ...deploy('succeeded'), status: 'cancelled', reason: 'A rebuild only tests' } as const
  expect(textOf({ build: { rebuildOf: 3 }, report: deployedAs('passed', withheld) })).toMatch(
    /^To deploy it: lambci deploy ada\/web dev --build 7$/m,
  )
})

test('the notification of a passed build', () => {
  const { subject, text, attributes } = snsMessageOf(
    viewWith({ report: deployedAs('passed', deploy('succeeded')) }),
    URL,
    ['not shown'],
  )
  expect(subject).toBe('passed: ada/web #7 (master)')
  expect(text).toBe(`Passed in 42 s, deployed to dev.

Repository:   ada/web
Build:        #7
Branch:       master
Commit:       aaaaaaaaaa  Paint it green
Author:       Ada Writer (ada)
Result:       passed
Duration:     42 s
Stage:        dev: deploy succeeded
Log:          ${URL}
`)
  expect(attributes).toEqual({ status: 'passed', project: 'gh/ada/web', branch: 'master', stage: 'dev' })
})

test('the notification of a failed build ends with the last lines of its log', () => {
  const lines = ['\u001b[31mred\u001b[0m text', 'a\ttab', '\u0007bell\r', '']
  const { subject, text, attributes } = snsMessageOf(viewWith({ build: PULL, run: FAILED }), URL, lines)
  expect(subject).toBe('failed: ada/web #7 (pull request #12)')
  expect(text).toMatch(/^Failed: npm test ended with exit code 1\.\n\n/)
  expect(text).toContain('Pull request: #12 (topic into master)\n')
  expect(text).toMatch(/\n\nThe last 4 lines of the log:\n\n {4}red text\n {4}a tab\n {5}bell \n {4}\n$/)
  expect(attributes).toEqual({ status: 'failed', project: 'gh/ada/web', branch: 'master' })
})

test('the notification of a failed deploy', () => {
  const reason = 'Tests passed, deploy to dev failed: zappa update was killed by SIGKILL'
  const killed = deploy('failed', 'zappa update was killed by SIGKILL')
  const view = viewWith({ report: deployedAs('failed', killed, reason) })
  const { subject, text } = snsMessageOf(view, URL, ['why'])
  expect(subject).toBe('deploy failed: ada/web #7 (master)')
  expect(text).toMatch(/^Tests passed, deploy to dev failed: zappa update was killed by SIGKILL\.\n/)
  expect(text).toContain('Stage:        dev: deploy failed (zappa update was killed by SIGKILL)\n')
  expect(text).toMatch(/ {4}why\n$/)
})

const HOSTILE_TEXTS = [
  ...HOSTILE,
  '🎉'.repeat(400),
  `x${'🎉'.repeat(400)}`,
  '\ud83d',
  'a\r\nSubject: b',
  '\u001b]0;x\u0007y\u0000\u0085z',
]

test.each(HOSTILE_TEXTS)('SNS accepts a notification with hostile text (%#)', text => {
  const person = { name: text, login: text }
  const build: Partial<ReturnType<typeof makeBuild>> = {
    branch: text,
    checkoutBranch: text,
    message: text,
    author: person,
  }
  for (const change of [build, { ...FORKED, ...build }]) {
    const view = viewWith({ build: change, run: { ...FAILED, reason: text } })
    const sns = snsMessageOf(view, URL, [text, text])
    expect(sns.subject).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,98}$/)
    expect(sns.text).not.toMatch(/[^\P{Cc}\n]/u)
    // The SDK sends it as a form, which cannot encode a lone surrogate.
    expect(sns.text.isWellFormed()).toBe(true)
    expect(sns.text.split('\n').filter(line => /^(Subject|Result):/.test(line))).toEqual([
      'Result:       failed',
    ])
    expect(Buffer.byteLength(sns.text)).toBeLessThan(64 * 1024)
  }
})

const summary = (previous: string | null, number = 7): Summary => ({
  number,
  commit: 'a'.repeat(40),
  status: 'passed',
  deploy: null,
  endedAt: '',
  isPrivate: false,
  previous,
})
const passed = viewWith()
const failed = viewWith({ run: FAILED })
const errored = viewWith({ run: { conclusion: 'errored' } })
const undeployed = viewWith({ report: deployedAs('failed', deploy('failed')) })
const superseded = viewWith({ run: { conclusion: 'cancelled', reason: 'Superseded by #8' } })
const skipped = viewWith({ run: { conclusion: 'skipped' } })

test.each<[string, NotificationRule, typeof passed, Summary | null, boolean]>([
  ['passed', 'always', passed, summary('passed'), true],
  ['failed', 'always', failed, summary('failed'), true],
  ['a pull request', 'always', passed, null, true],
  ['skipped', 'always', skipped, null, false],
  ['skipped', 'change', skipped, null, false],
  ['skipped', 'failure', skipped, null, false],
  ['passed', 'failure', passed, summary('failed'), false],
  ['failed', 'failure', failed, summary('failed'), true],
  ['errored', 'failure', errored, null, true],
  ['a failed deploy', 'failure', undeployed, summary('passed'), true],
  ['passed again', 'change', passed, summary('passed'), false],
  ['passed at last', 'change', passed, summary('failed'), true],
  ['failed again', 'change', failed, summary('failed'), false],
  ['failed for the first time', 'change', failed, summary('passed'), true],
  ['the first build', 'change', passed, summary(null), true],
  ['a failed deploy after a success', 'change', undeployed, summary('passed'), true],
  ['a failed deploy after a failure', 'change', undeployed, summary('failed'), false],
  ['a pull request', 'change', passed, null, true],
  ['older than the newest build', 'change', failed, summary('passed', 8), false],
  ['superseded', 'always', superseded, summary('passed', 8), false],
  ['superseded', 'failure', superseded, summary('passed', 8), false],
  ['superseded', 'change', superseded, null, false],
])('%s with the rule "%s"', async (_, rule, view, branch, wanted) => {
  const news = { ...newsOf(view, URL), summary: async () => branch }
  expect(await isWanted(news, rule)).toBe(wanted)
})

test('a running build is reported only with the rule "always"', async () => {
  const running = { ...newsOf(viewWith({ run: { phase: 'running' } }), URL), isOver: false }
  expect(await isWanted(running, 'always')).toBe(true)
  expect(await isWanted(running, 'change')).toBe(false)
  const queued = { ...newsOf(viewWith({ run: null }), URL), isOver: false }
  expect(await isWanted(queued, 'always')).toBe(false)
})

test('a refusal by SNS is recorded and tried again', async () => {
  const settings = { on: 'always' as const, sns: { topicArn: 'topic' } }
  const sent = snsNotifier(async () => 'id-1')
  const delivered = { messageId: 'id-1', error: null }
  expect(await sent.notify(newsOf(passed, URL), settings, null)).toEqual({ delivered, again: false })
  const refusing = snsNotifier(async () => {
    throw Object.assign(new Error('No such topic'), { name: 'NotFoundException' })
  })
  expect(await refusing.notify(newsOf(passed, URL), settings, null)).toEqual({
    delivered: { messageId: null, error: 'SNS refused the notification: NotFoundException: No such topic' },
    again: true,
  })
  // A delivered notification is not sent again; nothing is sent before the end or without a topic.
  expect(await refusing.notify(newsOf(passed, URL), settings, delivered)).toEqual({ delivered, again: false })
  const early = { ...newsOf(passed, URL), isOver: false }
  expect(await refusing.notify(early, settings, null)).toEqual({ delivered: null, again: false })
  const without = { on: 'always' as const, sns: { topicArn: null } }
  expect(await refusing.notify(newsOf(passed, URL), without, null)).toEqual({ delivered: null, again: false })
})

test('the notification of a test that failed has its message instead of the end of the log', () => {
  const tests = { passed: 2, failed: 1, errored: 0, skipped: 0, flaky: 1 }
  const failure: JobFailure = {
    ...{ source: 'report', test: 'cart › adds\u001b[31m', excerpt: ['expected 6', '', '  got 5\u0007'] },
    ...{ file: 'cart.js', line: 3, logLine: null },
  }
  const run = { ...FAILED, reason: '1 of 3 tests failed: cart › adds', tests, failure }
  const { text } = snsMessageOf(viewWith({ run }), URL, ['✓ a tick'])
  expect(text).toMatch(/^1 of 3 tests failed: cart › adds\.\n/)
  expect(text).toMatch(/^Tests: {8}2 passed \(1 flaky\), 1 failed$/m)
  expect(text).toContain(
    'The first test that failed:\n\n    cart › adds (cart.js:3)\n    expected 6\n    \n      got 5 \n',
  )
  expect(text).not.toContain('a tick')
  const passed = snsMessageOf(viewWith({ run: { tests, failure } }), URL, [])
  expect(passed.text).not.toContain('first test')
})
