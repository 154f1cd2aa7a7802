import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listDeployments, readCurrent } from '../../src/records/deployments.ts'
import { type BuildRef, cachePrefix, settingsKeys } from '../../src/records/keys.ts'
import { readRecords } from '../../src/records/read-records.ts'
import { putJson } from '../support/bucket.ts'
import { endedRun } from '../support/records.ts'
import { roleArn, roleOf } from '../support/roles.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'
import { readAttack } from './attack.ts'

/** A system with a sandbox for each deploy branch, whose tests and deploys attack those of another branch. */
let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem({ deployRole: roleOf('site-deploy') })
})
afterAll(() => ci.close())

const buildOf = (project: string, number: number): BuildRef => ({ project, number })

const TOOLBOX = 'eve/tools'
const CACHED = `gh/${TOOLBOX}`
/** Programs in a cached directory on the PATH, and notes in another one. Their names say which job left them. */
const TOOLS = ['left-by-tests-of-qa', 'left-by-deploy-of-qa', 'left-by-tests-of-production']
const found = `${TOOLS.map(tool => `$(command -v ${tool} | xargs -r basename)`).join(' ')} $(ls ~/.notes 2>/dev/null)`
const leave = (tool: string) =>
  `mkdir -p ~/.notes ~/.local/bin; echo > ~/.notes/note-${tool}; printf '#!/bin/bash\\n' > ~/.local/bin/${tool}; chmod +x ~/.local/bin/${tool}`

/**
 * A job that restores a cache runs programs from it. So the caches of `production`'s tests, and of any deploy, must contain nothing from
 * people who can only push to `qa`, and nothing from tests of other branches.
 */
test('a poisoned cache reaches neither the tests of another deploy branch nor a deploy to another stage', async () => {
  await putJson(ci.system.store, settingsKeys(CACHED)[1], { deployBranches: ['production', 'qa'] })
  const calls = join(ci.directory, 'calls-with-caches')
  const config = lambciJson('./test.sh', {
    // One is found by the lockfile, which is the same on both branches.
    cache: [{ paths: ['~/.local/bin'], key: ['lock'] }, { paths: ['~/.notes'] }],
    stages: { production: 'production', qa: 'qa' },
    deploy: './deploy.sh',
    env: { CALLS: calls },
  })
  const script = (kind: string, ...lines: string[]) =>
    ['#!/bin/bash', `echo $LAMBCI_BRANCH ${kind}: ${found} >> "$CALLS"`, ...lines, ''].join('\n')
  const at = await ci.write({ ...config, lock: 'tool@1.0.0\n' })
  const build = async (count: number, branch: string, testLeaves: string, deployLeaves: string) => {
    await ci.push(at, TOOLBOX, branch, {
      'test.sh': script('tests', leave(testLeaves)),
      'deploy.sh': script('deploy', leave(deployLeaves)),
    })
    expect(await ci.ended(buildOf(CACHED, count))).toMatchObject({
      status: 'passed',
      trust: 'protected',
      deploy: { stage: branch, status: 'succeeded' },
    })
    // Caches are saved after the end of a job.
    await ci.settled()
  }
  const [byTests = '', byDeploy = '', own = ''] = TOOLS
  await build(1, 'qa', byTests, byDeploy)
  for (const trust of ['protected', 'deploy'])
    expect(await ci.system.store.list(cachePrefix(CACHED, trust))).not.toEqual([])
  await build(2, 'production', own, own)
  await build(3, 'qa', byTests, byDeploy)
  expect(await ci.read(calls)).toBe(
    ['qa tests:', 'qa deploy:', 'production tests:', 'production deploy:']
      // Its own tests, and its own deploys, do start with what they have left.
      .concat(`qa tests: ${byTests} note-${byTests}`, `qa deploy: ${byDeploy} note-${byDeploy}`, '')
      .join('\n'),
  )
})

const GREEN = 'eve/web'
const PRODUCTION = { project: `gh/${GREEN}`, stage: 'production' }

test('a test of `qa` that waits for the message of a build of `main` gets none, and a red commit stays red', async () => {
  await putJson(ci.system.store, settingsKeys(PRODUCTION.project)[1], {
    deployBranches: ['main', 'qa'],
    pinnedStages: { production: { branches: ['main'], role: roleArn('site-deploy') } },
  })
  const calls = join(ci.directory, 'deployed')
  const config = (cmd: string, env: object = {}) =>
    lambciJson(cmd, {
      stages: { main: 'production' },
      deploy: 'echo "$LAMBCI_COMMIT" >> "$CALLS"',
      env: { CALLS: calls, ...env },
    })
  const at = await ci.write(config('./test.sh'))
  const green = await ci.push(at, GREEN, 'main', { 'test.sh': '#!/bin/bash\necho tested\n' })
  expect(await ci.ended(buildOf(PRODUCTION.project, 1))).toMatchObject({ deploy: { status: 'succeeded' } })
  // All that the lead of `main` says of itself follows from files that everybody may read.
  const records = await readRecords(ci.system.store, buildOf(PRODUCTION.project, 1))
  const { plan, draft } = records?.run ?? {}
  expect(draft?.deploys).toMatchObject([{ stage: 'production' }])
  const FORGED = JSON.stringify(endedRun({ ...(plan && { plan }), ...(draft && { draft }) }))

  const env = { FORGED, MODULES: join(process.cwd(), 'node_modules') }
  const attacks = ['answer-for-another.mjs', 'find-runner.mjs']
  const files = await Promise.all(attacks.map(async name => [name, await readAttack(name)] as const))
  await ci.push(at, GREEN, 'qa', {
    ...config('node answer-for-another.mjs', env),
    ...Object.fromEntries(files),
  })
  await ci.logged(buildOf(PRODUCTION.project, 2), 'waiting for the message of another build\n')
  await ci.push(at, GREEN, 'main', { ...config('./test.sh'), 'test.sh': '#!/bin/bash\nexit 1\n' })
  const red = await ci.ended(buildOf(PRODUCTION.project, 3))
  await ci.settled()
  expect(await ci.read(calls)).toBe(`${green}\n`)
  expect(red).toMatchObject({ status: 'failed', exit: { kind: 'exited', code: 1 }, deploy: null })
  expect((await ci.statuses(GREEN, red.commit)).at(-1)).toMatch(/^failure /)
  expect(await readCurrent(ci.system.store, PRODUCTION)).toMatchObject({
    deployed: { build: 1, commit: green },
    latest: { build: 1, status: 'succeeded' },
  })
  expect(await listDeployments(ci.system.store, PRODUCTION, 10)).toMatchObject([{ build: 1 }])
})
