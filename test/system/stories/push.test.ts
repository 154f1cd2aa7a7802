import { afterAll, beforeAll, expect, test } from 'vitest'
import { logOfJob } from '../../support/examples.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const STAGES = { stages: { master: 'dev', qa: 'qa' }, deploy: 'echo "to $LAMBCI_STAGE and $STAGE"' }

test('a push is built, deployed and reported', async () => {
  const gate = ci.gate()
  const at = await ci.write(
    lambciJson(`${gate.wait}; echo tested; echo problem >&2; echo tested again`, STAGES),
  )
  const commit = await ci.pushOverHttp(at, 'ada/web', 'qa', {}, 'Paint it green\n\nAll of it.')
  const build = { project: 'gh/ada/web', number: 1 }
  await ci.until('the first status', async () => (await ci.statuses('ada/web', commit)).length > 0)
  await gate.open()
  const view = await ci.ended(build)

  expect(view).toMatchObject({
    ...build,
    status: 'passed',
    trigger: 'push/qa',
    trust: 'protected',
    branch: 'qa',
    commit,
    baseCommit: null,
    stage: 'qa',
    exit: { kind: 'exited', code: 0 },
    deploy: { stage: 'qa', status: 'succeeded' },
    message: 'Paint it green\n\nAll of it.',
    author: { name: 'Ada Writer' },
    runner: { function: 'lambci-run-protected' },
  })
  expect(Object.keys(view.timings)).toEqual(expect.arrayContaining(['fetch', 'command', 'log']))
  expect(view.jobs.map(({ title, status }) => `${title}: ${status}`)).toEqual([
    ...['build: passed', 'deploy: passed'],
  ])

  const log = await ci.log(build)
  const [tests, deploy] = [await logOfJob(ci, view, 'build'), await logOfJob(ci, view, 'deploy')]
  expect(tests).toMatch(/tested\nproblem\ntested again\n/)
  expect(tests).not.toContain('to qa')
  expect(deploy).toContain('to qa and qa\n')
  expect(deploy).not.toContain('tested')
  expect(log.indexOf(tests)).toBeGreaterThan(-1)
  expect(log.indexOf(deploy)).toBeGreaterThan(log.indexOf(tests))
  expect(view.log).toMatchObject({ bytes: Buffer.byteLength(tests), complete: true })

  const statuses = await ci.statuses('ada/web', commit)
  expect(statuses[0]).toBe('pending lambci/push: Running')
  expect(statuses.at(-1)).toMatch(/^success lambci\/push: Passed in \d[\d.]* s, deployed to qa · ~\$0\.\d+$/)

  const mail = await ci.until('the mail', async () =>
    ci.mails.find(({ subject }) => subject?.includes('ada/web #1')),
  )
  expect(mail.subject).toBe('passed: ada/web #1 (qa)')
  expect(mail.text).toMatch(/^Repository: +ada\/web$/m)
  expect(mail.text).toMatch(/^Stage: +qa: deploy succeeded$/m)
  expect(mail.text).not.toContain('last 20 lines')
  expect(Object.keys(mail.attributes).sort()).toEqual(['branch', 'project', 'stage', 'status'])
})

test('the environment of a command has exactly the documented variables', async () => {
  const at = await ci.write(lambciJson('env | sort', { env: { COLOR: 'green', PATH: '/opt/tools' } }))
  await ci.push(at, 'ada/env', 'topic', {})
  const view = await ci.ended({ project: 'gh/ada/env', number: 1 })
  const log = await ci.log(view)
  const names = [...log.matchAll(/^(\w+)=/gm)].map(([, name]) => name)
  // Bash itself adds PWD, SHLVL and _.
  expect(names).toEqual(
    `AWS_REGION AWS_REQUEST_ID CI COLOR FORCE_COLOR HOME LAMBCI LAMBCI_BRANCH LAMBCI_BUILD_NUM LAMBCI_BUILD_URL
    LAMBCI_CHECKOUT_BRANCH LAMBCI_CLONE_REPO LAMBCI_COMMIT LAMBCI_MERGE_COMMIT LAMBCI_PULL_REQUEST LAMBCI_REPO LANG LOGNAME PATH
    PWD SHELL SHLVL TERM TMPDIR USER _`.split(/\s+/),
  )
  expect(log).toMatch(/^PATH=\/opt\/tools:.*\/home\/\.local\/bin:/m)
  expect(log).not.toMatch(/^PATH=.*node_modules\/\.bin/m)
  expect(log).toMatch(/^LAMBCI_BUILD_URL=http:\/\/127\.0\.0\.1:\d+\/gh\/ada\/env\/builds\/1$/m)
})

test('a branch that is not built gets no status, and its log has the reason', async () => {
  const at = await ci.write({ '.lambci.json': '{"cmd": "true"}' })
  const commit = await ci.push(at, 'ada/quiet', 'topic')
  const view = await ci.ended({ project: 'gh/ada/quiet', number: 1 })
  expect(view).toMatchObject({
    status: 'skipped',
    reason: expect.stringContaining('no rule in "branches" matches it'),
  })
  expect(await ci.statuses('ada/quiet', commit)).toEqual([])
  expect(await ci.log(view)).toContain('Add "topic": true to "branches" in .lambci.json')
  expect(ci.mails.filter(({ subject }) => subject?.includes('ada/quiet'))).toEqual([])
})

test('skip words, tags and deletions start nothing', async () => {
  const at = await ci.write(lambciJson('true'))
  await ci.push(at, 'ada/skips', 'master', {}, 'Nor this one [ci skip]')
  await ci.push(at, 'ada/skips', 'topic', {}, 'Not this one [skip ci]')
  const remote = `${ci.system.addresses.github}/ada/skips.git`
  await ci.git(at, 'push', '--quiet', remote, 'HEAD:refs/tags/v1')
  await ci.git(at, 'push', '--quiet', remote, ':refs/heads/topic')
  await ci.push(at, 'ada/skips', 'topic', {}, 'This one')
  const view = await ci.ended({ project: 'gh/ada/skips', number: 1 })
  expect(view).toMatchObject({ status: 'passed', message: 'This one' })
})

test('secrets are passed to the command, and hidden in the log', async () => {
  const secret = 'correct-horse-battery'
  await ci.system.store.put(
    'secrets/env/gh/ada/vault.json',
    JSON.stringify({ PASSPHRASE: secret }),
    'application/json',
  )
  const print =
    'echo "it is $PASSPHRASE"; echo -n "$PASSPHRASE" | base64; [ "$PASSPHRASE" = correct-horse-battery ] && exit 3'
  const at = await ci.write(lambciJson(print))
  await ci.push(at, 'ada/vault', 'master')
  const view = await ci.ended({ project: 'gh/ada/vault', number: 1 })
  expect(view.exit).toEqual({ kind: 'exited', code: 3 })
  const log = await ci.log(view)
  expect(log).toContain('it is ***')
  expect(log).not.toContain(secret)
  expect(log).not.toContain(Buffer.from(secret).toString('base64'))
})
