import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { titleOfTest } from '../../../src/model/tests.ts'
import { firstFailure } from '../../../src/results/first-failure.ts'
import { FORMATS } from '../../../src/results/read-reports.ts'
import { TestTally } from '../../../src/results/test-tally.ts'

const REPORTS = new URL('../../fixtures/reports/', import.meta.url)
const PAGE = readFileSync(new URL('../../../docs/results.md', import.meta.url), 'utf8')
const rows = [...PAGE.matchAll(/^\| `([\w.-]+\.(?:xml|tap))` \| `(.*?)`: `(.*)` \|$/gm)].map(
  ([, name = '', title = '', message = '']) => [name, title, message] as const,
)

test('each report of a real tool has a row', () => {
  const names = readdirSync(REPORTS).filter(name => name !== 'README.md')
  expect(rows.map(([name]) => name).toSorted()).toEqual(names.toSorted())
})

test.each(rows)('the first failure of %s', (name, title, message) => {
  const text = readFileSync(new URL(name, REPORTS), 'utf8')
  const tally = new TestTally()
  const parser = FORMATS.find(format => format.recognises(text))?.open(each => tally.add(each))
  parser?.write(text)
  parser?.end()
  const first = firstFailure(tally.failures)
  expect(first && titleOfTest(first)).toBe(title)
  expect(first?.message.split('\n')[0]).toBe(message)
})
