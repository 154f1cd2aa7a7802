import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MOST_SHOWN } from '../../../src/results/log-recogniser.ts'
import { RECOGNISERS } from '../../../src/results/recognisers/all.ts'

const OUTPUTS = new URL('../../fixtures/outputs/', import.meta.url)
const TABLE = readFileSync(new URL('README.md', OUTPUTS), 'utf8')

/** A row of the table, which was written by hand. `reason`: why something else is found, or nothing. */
type Row = { name: string; test: string; place: string; shown: string; failed: string; reason: string }

const textOf = (cell = '') => cell.trim().replace(/^`(.*)`$/, '$1')
const rows = TABLE.split('\n').flatMap((line): Row[] => {
  const cells = line.split(/(?<!\\)\|/).map(cell => textOf(cell.replaceAll('\\|', '|')))
  const [, name = '', title = '', place = '', shown = '', failed = '', reason = ''] = cells
  return /\.txt$/.test(name) ? [{ name, test: title, place, shown, failed, reason }] : []
})

function findIn(name: string, message: string) {
  const lines = readFileSync(new URL(name, OUTPUTS), 'utf8').split('\n')
  const found = RECOGNISERS.map(each => each.find(lines)).find(each => each !== null) ?? null
  if (!found) return null
  const { file, line, failed, total } = found
  const excerpt = found.shown.map(ordinal => lines[ordinal] ?? '')
  return {
    test: found.test ?? '-',
    place: file === null ? '-' : line === null ? file : `${file}:${line}`,
    shown: excerpt.find(each => each.includes(message)) ? message : excerpt.join('\n'),
    failed: failed === null ? '-' : total === null ? String(failed) : `${failed} of ${total}`,
    ordinals: found.shown,
  }
}

const PAGE = readFileSync(new URL('../../../docs/results.md', import.meta.url), 'utf8')
const tools = [
  ...PAGE.matchAll(/^\| (.+) \| `([\w.-]+\.txt)` \| (.+?) \| (.+?) \| (.+) \| (\d+) of (\d+) \|$/gm),
]

test('the page has an example of each tool, as expected, and how many are found', () => {
  expect(tools.length).toBeGreaterThan(15)
  for (const [, , name, title, place, shown] of tools) {
    const example = { test: textOf(title), place: textOf(place), shown: textOf(shown), reason: '' }
    expect(rows.find(row => row.name === name)).toMatchObject(example)
  }
  const found = rows.filter(({ reason }) => reason === '').length
  expect(PAGE).toContain(`| all | | | | | ${found} of ${rows.length} |`)
  const sumOf = (column: number) => tools.reduce((sum, row) => sum + Number(row[column]), 0)
  expect([sumOf(6), sumOf(7)]).toEqual([found, rows.length])
})

test('each output of a real tool has a row', () => {
  const names = readdirSync(OUTPUTS).filter(name => name !== 'README.md')
  expect(rows.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
})

test.each(rows)('the first failure of $name', ({ name, reason, ...expected }) => {
  const found = findIn(name, expected.shown)
  const { ordinals = [], ...actual } = found ?? {}
  if (reason !== '') return expect(actual).not.toEqual(expected)
  expect(actual).toEqual(expected)
  expect(ordinals.length).toBeLessThanOrEqual(MOST_SHOWN)
  expect(ordinals).toEqual([...new Set(ordinals)].toSorted((a, b) => a - b))
})
