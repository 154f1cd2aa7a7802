import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const ROW = /^\| (?<attack>[^|]+) \| (?<defence>[^|]+) \| (?<tests>[^|]+) \|$/
const TEST = /`([^`]+\.(?:test|browser|faults)\.ts)`(?: › ([^;]+))?/g

const rows = readFileSync(join(ROOT, 'docs', 'attacks.md'), 'utf8')
  .split('\n')
  .map(line => ROW.exec(line)?.groups)
  .filter(row => row !== undefined && row.attack !== 'attack')

const pathOf = (name: string) => join(ROOT, name.startsWith('loopback/') ? '' : 'test', name)

test('the table of attacks has no fewer rows than it had', () => {
  expect(rows.length).toBeGreaterThanOrEqual(72)
})

test.each(rows.map(row => [row?.attack ?? '', row?.tests ?? '']))('%s: there is a test', (_, tests) => {
  const found = [...tests.matchAll(TEST)]
  expect(found.length).toBeGreaterThan(0)
  for (const [, file = '', title] of found) {
    expect(existsSync(pathOf(file)), file).toBe(true)
    // Titles are written in one line, whatever quotes they have.
    const source = readFileSync(pathOf(file), 'utf8').replaceAll("\\'", "'")
    if (title !== undefined) expect(source).toContain(title.trim())
  }
})
