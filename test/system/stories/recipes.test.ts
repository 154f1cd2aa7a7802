import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseJson } from '../../../src/config/json.ts'
import { parseLayer } from '../../../src/config/layer.ts'
import { layerSchema } from '../../../src/config/schema.ts'
import { settingsKeys } from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { type Files, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

const RECIPES = join(import.meta.dirname, '..', '..', '..', 'docs', 'stages')

const jsonIn = (name: string) =>
  /```json\n([\s\S]*?)\n```/.exec(readFileSync(join(RECIPES, name), 'utf8'))?.[1] ?? ''

test.each(readdirSync(RECIPES))('%s contains a valid configuration', name => {
  const layer = parseLayer(layerSchema, { name, path: [] }, parseJson(name, jsonIn(name)))
  expect(layer.values).toMatchObject({
    stages: expect.any(Object),
    deploy: expect.any(String),
  })
})

let ci: TestSystem
let tools: string
let calls: string
beforeAll(async () => {
  ci = await sharedTestSystem()
  tools = join(ci.directory, 'tools')
  calls = join(ci.directory, 'calls-of-tools')
  await mkdir(tools)
  // The tools of the recipe, on PATH: each records the branch and the arguments of its call.
  const record = (name: string, more = '') =>
    `#!/bin/bash\necho "$LAMBCI_BRANCH ${name} $*" >> '${calls}'\n${more}`
  // A virtual environment without anything, so that the tools below are found in it.
  await installTool('python3', `#!/bin/bash\nmkdir -p "$3/bin" && touch "$3/bin/activate"\n`)
  await installTool('pip', record('pip'))
  await installTool('tox', record('tox', '[ ! -e red ]'))
  await installTool('zappa', record('zappa'))
  await putJson(ci.system.store, settingsKeys('gh/ada/site')[1], { env: { PATH: tools } })
})
afterAll(() => ci.close())

async function installTool(name: string, script: string): Promise<void> {
  await writeFile(join(tools, name), script)
  await chmod(join(tools, name), 0o755)
}

const zappa = async () =>
  (await ci.read(calls).catch(() => '')).split('\n').filter(line => line.includes(' zappa '))

test('Zappa: master runs exactly "update dev", qa "update qa", and other branches nothing', async () => {
  const recipe: Files = { '.lambci.json': jsonIn('zappa.md') }
  const at = await ci.write(recipe)
  const project = 'gh/ada/site'
  await ci.push(at, 'ada/site', 'master')
  expect((await ci.ended({ project, number: 1 })).deploy).toMatchObject({
    stage: 'dev',
    status: 'succeeded',
  })
  expect(await zappa()).toEqual(['master zappa update dev'])

  await ci.push(at, 'ada/site', 'qa')
  await ci.ended({ project, number: 2 })
  expect((await zappa()).slice(1)).toEqual(['qa zappa update qa'])

  // Another branch is not built by default, and never deployed.
  await ci.push(at, 'ada/site', 'topic')
  expect(await ci.ended({ project, number: 3 })).toMatchObject({ status: 'skipped' })
  const built = { ...JSON.parse(recipe['.lambci.json'] ?? ''), branches: { '/./': true } }
  await ci.push(at, 'ada/site', 'topic', { '.lambci.json': JSON.stringify(built) })
  expect(await ci.ended({ project, number: 4 })).toMatchObject({ status: 'passed', deploy: null })

  // Failed tests do not deploy, and neither does a pull request from a branch called qa.
  await ci.push(at, 'ada/site', 'master', { ...recipe, red: '' })
  expect(await ci.ended({ project, number: 5 })).toMatchObject({ status: 'failed', deploy: null })
  await ci.git(at, 'rm', '--quiet', 'red')
  await ci.api('POST', '/repos/ada/site/forks', { organization: 'stranger' })
  const head = await ci.push(at, 'stranger/site', 'qa', { change: '1' })
  await ci.api('POST', '/repos/ada/site/pulls', { title: 'From a fork', head: 'stranger:qa', base: 'qa' })
  const pull = await ci.until('the build of the pull request', async () => {
    for (let number = 6; number < 12; number++) {
      const view = await ci.view({ project, number })
      if (view?.commit === head) return view
    }
    return null
  })
  expect(await ci.ended(pull)).toMatchObject({ status: 'passed', trust: 'fork', deploy: null })
  expect((await zappa()).slice(2)).toEqual([])
})
