import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { findJobs } from '../../../src/cli/commands/find-jobs.ts'
import { prefixesOf } from '../../../src/cli/commands/follow-jobs.ts'
import { describeJobs } from '../../../src/cli/commands/job-lines.ts'
import { describeBuild } from '../../../src/cli/commands/local-text.ts'
import { PrefixedLines } from '../../../src/cli/commands/prefixed-lines.ts'
import { escapeControls } from '../../../src/model/escape-controls.ts'
import { HOSTILE } from '../../support/payloads.ts'
import { JOB_STATES, viewWith, viewWithJobs } from '../../support/records.ts'

const plain = (_: unknown, text: string) => text
const shards = [1, 2, 3].map(index => ({ shard: { index, count: 3 } }))

test('each job has a line', () => {
  const view = viewWithJobs(
    [
      { name: 'lint', allowFailure: true, state: { ...JOB_STATES.failed, reason: 'npm run lint failed' } },
      ...shards,
    ],
    { plan: { leftOut: [{ name: 'docs', reason: 'No file has changed.' }] } },
  )
  const lines = [
    '  lint        failed, allowed  42 s        npm run lint failed',
    '  unit (1/3)  passed           42 s',
    '  unit (2/3)  passed           42 s',
    '  unit (3/3)  passed           42 s',
    '  docs        left out                     No file has changed.',
  ]
  expect(describeJobs(view.jobs, plain).split('\n')).toEqual(lines)
  expect(describeBuild(view, plain).split('\n').slice(1)).toEqual(lines)
  expect(describeBuild(viewWith(), plain)).not.toContain('\n')
})

test('a job that was taken over names the build in which it has passed', () => {
  const passedIn = { build: 123, key: 0, attempt: 1, startedAt: null, endedAt: null }
  const { jobs } = viewWithJobs([{ name: 'lint', passedIn }, ...shards.slice(0, 1)])
  expect(describeJobs(jobs, plain).split('\n')).toEqual([
    '  lint        passed in #123   42 s',
    '  unit (1/3)  passed           42 s',
  ])
})

test('a job is found by its title, or all of a name', () => {
  const { jobs } = viewWithJobs([...shards, { name: 'lint' }])
  const found = (wanted: string) => findJobs(jobs, wanted).map(({ title }) => title)
  expect(found('unit (2/3)')).toEqual(['unit (2/3)'])
  expect(found('unit')).toEqual(['unit (1/3)', 'unit (2/3)', 'unit (3/3)'])
  expect(() => found('unit (4/3)')).toThrow(
    'There is no job "unit (4/3)" in this build. Name one of these: unit (1/3), unit (2/3), unit (3/3), lint.',
  )
  expect(() =>
    findJobs(viewWithJobs(Array.from({ length: 25 }, (_, at) => ({ name: `j${at}` }))).jobs, 'x'),
  ).toThrow(/j19 and 5 more\.$/)
})

test.each([...HOSTILE, '\u001b[2Jcleared', '\u202egnp.exe'])('%j sends nothing to a terminal', text => {
  const value = text.slice(0, 150)
  const jobs = [
    { name: 'node', cell: { A: value }, state: { ...JOB_STATES.failed, reason: value } },
    { name: 'x' },
  ]
  const { jobs: views } = viewWithJobs(jobs, { plan: { leftOut: [{ name: 'docs', reason: value }] } })
  for (const line of describeJobs(views, plain).split('\n')) expect(escapeControls(line)).toBe(line)
  const stdout = new PassThrough()
  const [prefix] = prefixesOf(views, { stdout, stderr: stdout, stdin: stdout, env: {}, cwd: process.cwd })
  const line = String(prefix?.push(Buffer.from('one\n')))
  expect(line).toMatch(/ \| one\n$/)
  // Also where the prefix has no colour.
  expect(String(prefix?.push(Buffer.from('\u001b[8mtwo\n')))).toContain('two\u001b[0m\n')
  expect(escapeControls(line.trimEnd())).toBe(line.trimEnd())
  expect(() => findJobs(views, text)).toThrow(`There is no job "${escapeControls(text)}" in`)
})

test('lines get their prefix once they are whole, whatever the pieces', () => {
  const log = 'one\r\ntwo\n\n10 %\r20 %\r100 %\nend'
  const expected = ['a | one', 'a | two', 'a | ', 'a | 100 %', 'a | end', ''].join('\n')
  for (const size of [1, 2, 3, 7, 100]) {
    const lines = new PrefixedLines('a | ')
    const parts = log.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
    const printed = parts.map(part => Buffer.from(lines.push(Buffer.from(part))).toString()).join('')
    expect(printed + Buffer.from(lines.end()).toString()).toBe(expected)
  }
  expect(Buffer.from(new PrefixedLines('a | ').push(Buffer.from('\u001b[31mred\n'))).toString()).toBe(
    'a | \u001b[31mred\u001b[0m\n',
  )
})

test('an endless line does not fill the memory', () => {
  const lines = new PrefixedLines('a | ')
  let printed = 0
  for (let at = 0; at < 100; at++) printed += lines.push(Buffer.alloc(10_000, 'x')).length
  expect(printed).toBeGreaterThan(900_000)
})
