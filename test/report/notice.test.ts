import { expect, test } from 'vitest'
import { noticeOf } from '../../src/report/notice.ts'
import type { Summary } from '../../src/report/summary.ts'
import { isWanted, type NoticeRule, tellNotice } from '../../src/report/tell-notice.ts'
import { HOSTILE } from '../payloads.ts'
import { FORKED, type jobOf, PULL, viewWith } from '../records.ts'

const URL = 'https://ci.example.com/gh/ada/web/builds/7'
const deploy = (status: 'succeeded' | 'failed', reason: string | null = null) => ({
  stage: 'dev',
  status,
  reason,
  exit: null,
  url: null,
  by: null,
})
const FAILED = {
  result: 'failed',
  reason: 'npm test ended with exit code 1',
  exit: { kind: 'exited', code: 1 },
} as const

test('a notice of a build that passed reads well', () => {
  const { subject, text, attributes } = noticeOf(viewWith({ run: { deploy: deploy('succeeded') } }), URL, [
    'unasked',
  ])
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

test('a notice of one that failed ends with the end of its log', () => {
  const lines = ['\u001b[31mred\u001b[0m text', 'a\ttab', '\u0007bell\r', '']
  const { subject, text, attributes } = noticeOf(viewWith({ job: PULL, run: FAILED }), URL, lines)
  expect(subject).toBe('failed: ada/web #7 (pull request #12)')
  expect(text).toMatch(/^Failed: npm test ended with exit code 1\.\n\n/)
  expect(text).toContain('Pull request: #12 (topic into master)\n')
  expect(text).toMatch(/\n\nThe last 4 lines of the log:\n\n {4}red text\n {4}a tab\n {5}bell \n {4}\n$/)
  expect(attributes).toEqual({ status: 'failed', project: 'gh/ada/web', branch: 'master' })
})

test('a failed deploy is told as such', () => {
  const view = viewWith({ run: { deploy: deploy('failed', 'zappa update was killed by SIGKILL') } })
  const { subject, text } = noticeOf(view, URL, ['why'])
  expect(subject).toBe('deploy failed: ada/web #7 (master)')
  expect(text).toMatch(/^Passed in 42 s, but the deploy to dev failed\.\n/)
  expect(text).toContain('Stage:        dev: deploy failed (zappa update was killed by SIGKILL)\n')
  expect(text).toMatch(/ {4}why\n$/)
})

const nasty = [
  ...HOSTILE,
  '🎉'.repeat(400),
  `x${'🎉'.repeat(400)}`,
  '\ud83d',
  'a\r\nSubject: b',
  '\u001b]0;x\u0007y\u0000\u0085z',
]

test.each(nasty)('SNS takes it, whoever wrote it (%#)', text => {
  const person = { name: text, login: text }
  const job: Partial<ReturnType<typeof jobOf>> = {
    branch: text,
    checkoutBranch: text,
    message: text,
    author: person,
  }
  for (const trusted of [job, { ...FORKED, ...job }]) {
    const view = viewWith({ job: trusted, run: { ...FAILED, reason: text } })
    const notice = noticeOf(view, URL, [text, text])
    expect(notice.subject).toMatch(/^[\x21-\x7e][\x20-\x7e]{0,98}$/)
    expect(notice.text).not.toMatch(/[^\P{Cc}\n]/u)
    // The SDK sends it as a form, which cannot encode half a character.
    expect(notice.text.isWellFormed()).toBe(true)
    expect(notice.text.split('\n').filter(line => /^(Subject|Result):/.test(line))).toEqual([
      'Result:       failed',
    ])
    expect(Buffer.byteLength(notice.text)).toBeLessThan(64 * 1024)
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
const errored = viewWith({ run: { result: 'errored' } })
const undeployed = viewWith({ run: { deploy: deploy('failed') } })
const skipped = viewWith({ run: { result: 'skipped' } })

test.each<[string, NoticeRule, typeof passed, Summary | null, boolean]>([
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
  ['overtaken by a newer build', 'change', passed, summary('passed', 8), true],
])('%s, told on %s', (_, rule, view, standing, wanted) => {
  expect(isWanted(view, rule, standing)).toBe(wanted)
})

test('a notice that SNS refuses is noted and tried again', async () => {
  const notice = noticeOf(passed, URL, [])
  expect(await tellNotice('topic', notice, async () => 'id-1')).toEqual({
    told: { messageId: 'id-1', error: null },
    again: false,
  })
  const refused = await tellNotice('topic', notice, async () => {
    throw Object.assign(new Error('No such topic'), { name: 'NotFoundException' })
  })
  expect(refused).toEqual({
    told: { messageId: null, error: 'SNS refused the notice: NotFoundException: No such topic' },
    again: true,
  })
})
