import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lambci } from '../../support/lambci.ts'
import { serveCommand } from '../../support/served-command.ts'
import { GIT_ENVIRONMENT, lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

const DOCUMENT = join(import.meta.dirname, '..', '..', '..', 'docs', 'local.md')

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

test('the walk-through in docs/local.md works as it is written', async () => {
  const [, section = ''] = (await readFile(DOCUMENT, 'utf8')).split('\n## What to try\n')
  const [, script = ''] = /```sh\n(data=[^`]*)```/.exec(section) ?? []
  const { github } = ci.system.addresses
  const data = join(ci.directory, 'data')
  // Where this system is, in place of the usual directory and port.
  const here = script.replace(/^data=.*$/m, `data='${data}'`).replace('http://127.0.0.1:4303', github)
  expect(here).toContain(`data='${data}'\ngithub=${github}\n`)
  const at = await ci.write(lambciJson('true'))
  await ci.commit(at)
  await ci.git(at, 'push', '--quiet', `${github}/you/project.git`, 'HEAD:master')
  await ci.ended({ project: 'gh/you/project', number: 1 })
  const served = await serveCommand((args, cwd) => lambci(args, { cwd }))
  const program = join(ci.directory, 'lambci')
  await writeFile(program, served.script, { mode: 0o755 })
  const command = `lambci() { '${program}' "$@" --data "$data"; }`
  const { all, failed } = await execa('bash', ['-euo', 'pipefail', '-c', `${command}\n${here}`], {
    ...{ cwd: at, env: GIT_ENVIRONMENT, all: true, reject: false, stdin: 'ignore', timeout: 50_000 },
  })
  await served.close()
  // If it failed, its last lines say why.
  expect(failed ? String(all).slice(-2000) : '').toBe('')
  expect(all).toMatch(/^#2 of you\/project, pr\/1: Passed/m)
  expect(all).toMatch(/"full_name":"you\/other"/)
  // The builds are those of the repository, whatever its name.
  expect(String(all).trimEnd().split('\n').at(-1)).toMatch(/^#1 +passed /)
})
