import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type JsonObject, parseJson } from '../src/config/json.ts'
import { EXAMPLES, exampleNames, filesOfExample } from './support/examples.ts'
import { plan } from './support/planning.ts'

const readFile = (name: string, file: string) => readFileSync(join(EXAMPLES, name, file), 'utf8')

test('there are five examples, and their page lists each', () => {
  expect(exampleNames).toHaveLength(5)
  const page = readFileSync(join(EXAMPLES, 'README.md'), 'utf8')
  for (const name of exampleNames) expect(page).toContain(`| [${name}](${name}) |`)
})

describe.each(exampleNames)('%s', name => {
  const config = parseJson('.lambci.json', readFile(name, '.lambci.json')) as JsonObject
  const branch = 'master' in (config.branches ?? {}) ? 'master' : 'main'
  const { plan: planned, resolved } = plan({ branch }, config)

  test('a push is built, and there is nothing to note', () => {
    expect(planned).toMatchObject({ build: true, notes: [] })
    expect(resolved.notes).toEqual([])
  })

  test('its README mentions each job and each branch that has a stage', () => {
    const page = readFile(name, 'README.md')
    const jobs = Object.keys(config.jobs ?? {})
    for (const word of [...jobs, ...Object.keys(config.stages ?? {})]) expect(page).toContain(`\`${word}\``)
  })

  test('the files by which it caches are there', () => {
    const keys = JSON.stringify(config).match(/"key":\[[^\]]*\]/g) ?? []
    expect(filesOfExample(name)).toEqual(
      expect.arrayContaining(keys.flatMap(key => JSON.parse(key.slice(6)))),
    )
  })
})
