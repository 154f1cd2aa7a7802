import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuildRef, cachePrefix, settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'

/**
 * What starts with a cache runs what its owner has left there. Nobody who can push to `qa`, and no test at all, decides what the
 * tests of `production` or any deploy start with.
 */
const REPOSITORY = 'eve/tools'
const PROJECT = `gh/${REPOSITORY}`
const number = (build: number): BuildRef => ({ project: PROJECT, number: build })
/** Programs that lie in a cached directory of everybody's PATH, and notes in another one, and by whom they were left. */
const TOOLS = ['left-by-tests-of-qa', 'left-by-deploy-of-qa', 'left-by-tests-of-production']
const found = `${TOOLS.map(tool => `$(command -v ${tool} | xargs -r basename)`).join(' ')} $(ls ~/.notes 2>/dev/null)`
const leave = (tool: string) =>
  `mkdir -p ~/.notes ~/.local/bin; echo > ~/.notes/note-${tool}; printf '#!/bin/bash\\n' > ~/.local/bin/${tool}; chmod +x ~/.local/bin/${tool}`

let ci: TestSystem
beforeAll(async () => {
  ci = await openTestSystem()
})
afterAll(() => ci.close())

test('a poisoned cache reaches neither the tests of another deploy branch nor a deploy to another stage', async () => {
  await putJson(ci.system.store, settingsKeys(PROJECT)[1], { deployBranches: ['production', 'qa'] })
  const calls = join(ci.directory, 'calls')
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
    await ci.push(at, REPOSITORY, branch, {
      'test.sh': script('tests', leave(testLeaves)),
      'deploy.sh': script('deploy', leave(deployLeaves)),
    })
    expect(await ci.ended(number(count))).toMatchObject({
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
    expect(await ci.system.store.list(cachePrefix(PROJECT, trust))).not.toEqual([])
  await build(2, 'production', own, own)
  await build(3, 'qa', byTests, byDeploy)
  expect(await ci.read(calls)).toBe(
    ['qa tests:', 'qa deploy:', 'production tests:', 'production deploy:']
      // Its own tests, and its own deploys, do start with what they have left.
      .concat(`qa tests: ${byTests} note-${byTests}`, `qa deploy: ${byDeploy} note-${byDeploy}`, '')
      .join('\n'),
  )
})
