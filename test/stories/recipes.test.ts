import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { settingsKeys } from '../../src/build/layout.ts'
import { parseJson } from '../../src/config/json.ts'
import { parseLayer } from '../../src/config/layer.ts'
import { layerSchema } from '../../src/config/schema.ts'
import { putJson } from '../bucket.ts'
import { type Files, openTown, type Town } from './town.ts'

const RECIPES = join(import.meta.dirname, '..', '..', 'docs', 'stages')

const jsonIn = (name: string) =>
  /```json\n([\s\S]*?)\n```/.exec(readFileSync(join(RECIPES, name), 'utf8'))?.[1] ?? ''

test.each(readdirSync(RECIPES))('%s is a configuration that holds', name => {
  const layer = parseLayer(layerSchema, { name, path: [] }, parseJson(name, jsonIn(name)))
  expect(layer.says).toMatchObject({
    stages: expect.any(Object),
    deploy: expect.any(String),
  })
})

let town: Town
let tools: string
let calls: string
beforeAll(async () => {
  town = await openTown({ concurrency: 3 })
  tools = join(town.directory, 'tools')
  calls = join(town.directory, 'calls')
  await mkdir(tools)
  // What the recipe calls, on PATH; each writes down by which build and how it was called.
  const record = (name: string, more = '') =>
    `#!/bin/bash\necho "$LAMBCI_BRANCH ${name} $*" >> '${calls}'\n${more}`
  await stand('pip', record('pip'))
  await stand('tox', record('tox', '[ ! -e red ]'))
  await stand('zappa', record('zappa'))
  await putJson(town.system.store, settingsKeys('')[0], { allow: ['ada'], env: { PATH: tools } })
})
afterAll(() => town.close())

async function stand(name: string, script: string): Promise<void> {
  await writeFile(join(tools, name), script)
  await chmod(join(tools, name), 0o755)
}

const zappa = async () =>
  (await town.read(calls).catch(() => '')).split('\n').filter(line => line.includes(' zappa '))

test('Zappa: from master exactly "update dev", from qa "update qa", and nothing from anywhere else', async () => {
  const recipe: Files = { '.lambci.json': jsonIn('zappa.md') }
  const at = await town.write(recipe)
  const project = 'gh/ada/site'
  await town.push(at, 'ada/site', 'master')
  expect((await town.ended({ project, number: 1 })).deploy).toMatchObject({
    stage: 'dev',
    status: 'succeeded',
  })
  expect(await zappa()).toEqual(['master zappa update dev'])

  await town.push(at, 'ada/site', 'qa')
  await town.ended({ project, number: 2 })
  expect((await zappa()).slice(1)).toEqual(['qa zappa update qa'])

  // Another branch is not even built; where it is, it is not deployed.
  await town.push(at, 'ada/site', 'topic')
  expect(await town.ended({ project, number: 3 })).toMatchObject({ status: 'skipped' })
  const built = { ...JSON.parse(recipe['.lambci.json'] ?? ''), branches: { '/./': true } }
  await town.push(at, 'ada/site', 'topic', { '.lambci.json': JSON.stringify(built) })
  expect(await town.ended({ project, number: 4 })).toMatchObject({ status: 'passed', deploy: null })

  // Nor after red tests, nor from a pull request, though its branch is called qa.
  await town.push(at, 'ada/site', 'master', { ...recipe, red: '' })
  expect(await town.ended({ project, number: 5 })).toMatchObject({ status: 'failed', deploy: null })
  await town.git(at, 'rm', '--quiet', 'red')
  await town.api('POST', '/repos/ada/site/forks', { organization: 'stranger' })
  const head = await town.push(at, 'stranger/site', 'qa', { change: '1' })
  await town.api('POST', '/repos/ada/site/pulls', { title: 'From a fork', head: 'stranger:qa', base: 'qa' })
  const pull = await town.until('the build of the pull request', async () => {
    for (let number = 6; number < 12; number++) {
      const view = await town.look({ project, number })
      if (view?.commit === head) return view
    }
    return null
  })
  expect(await town.ended(pull)).toMatchObject({ status: 'passed', trust: 'fork', deploy: null })
  expect((await zappa()).slice(2)).toEqual([])
})
