import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRunnerSecrets } from '../../../src/account/secrets.ts'
import { runnerSecretsKey, settingsKeys } from '../../../src/records/keys.ts'
import { putJson, readJson } from '../../support/bucket.ts'
import { lambci } from '../../support/lambci.ts'
import { serveStack } from '../../support/serve-stack.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

type Finding = { check: string; state: string; text: string; advice: string | null }

const DAY_MS = 24 * 60 * 60 * 1000
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString()

let ci: TestSystem
let cwd: string
/** What the shared system has, and gets back. */
let settings: object
let secrets: object
const [global] = settingsKeys('')
beforeAll(async () => {
  ci = await sharedTestSystem()
  settings = (await readJson(ci.system.store, global)) as object
  secrets = await readRunnerSecrets(ci.system.store)
  cwd = await ci.write(lambciJson('true'))
  await ci.git(cwd, 'remote', 'add', 'origin', `${ci.system.addresses.github}/you/sick.git`)
  await ci.push(cwd, 'you/sick', 'master')
  await ci.ended({ project: 'gh/you/sick', number: 1 })
})
afterAll(async () => {
  await putJson(ci.system.store, global, settings)
  await putJson(ci.system.store, runnerSecretsKey, secrets)
  await ci.close()
})

/** Runs `lambci doctor` for a stack whose GitHub is the local one. */
async function examine(run: { LastModified: string; State: string }, ...args: string[]) {
  const parameters = { GitHubApiUrl: ci.system.addresses.githubApi }
  const stack = await serveStack(ci, { parameters, run })
  const ended = await lambci(['doctor', ...args], { cwd, env: stack.env })
  await stack.close()
  return ended
}

async function findings(run: { LastModified: string; State: string }, ...args: string[]) {
  const { exitCode, stdout } = await examine(run, '--json', ...args)
  const list = JSON.parse(stdout) as Finding[]
  return { exitCode, list, of: (check: string) => list.filter(each => each.check === check) }
}

test('doctor finds nothing wrong with a stack that builds', async () => {
  const { exitCode, stdout, stderr } = await examine({ LastModified: daysAgo(3.5), State: 'Active' })
  expect([exitCode, stderr]).toEqual([0, 'Using the stack lambci in us-east-1.'])
  const rows = [
    /^ok {5}Credentials {2}of arn:aws:\S+ in account \d{12}$/m,
    /^ok {5}System {7}the stack lambci in us-east-1$/m,
    new RegExp(`^ok {5}Pages {8}${ci.system.addresses.url}$`, 'm'),
    /^ok {5}Image {8}set \d{4}-\d\d-\d\d, 3 days ago$/m,
    /^ok {5}Token {8}The GitHub token belongs to lambci$/m,
    /^ok {5}Repository {3}you\/sick$/m,
    /^ok {5}Webhook {6}last delivery \d{4}-\d\d-\d\d \d\d:\d\d \(UTC\), answered with 20\d$/m,
    /^ok {5}Builds {7}newest: #1, queued \d{4}-\d\d-\d\d \d\d:\d\d \(UTC\)$/m,
  ]
  for (const row of rows) expect(stdout).toMatch(row)
  expect(stdout).not.toContain('WRONG')
})

test('doctor says of each fault what to do, and exits with 1', async () => {
  const { store } = ci.system
  const old = await findings({ LastModified: daysAgo(200), State: 'Inactive' })
  expect(old.of('Image')).toMatchObject([{ state: 'note', advice: expect.stringContaining('lambci up') }])
  const failed = await findings({ LastModified: daysAgo(1), State: 'Failed' })
  expect([failed.exitCode, failed.of('Image')]).toMatchObject([1, [{ state: 'wrong' }]])

  const other = await findings({ LastModified: daysAgo(1), State: 'Active' }, 'you/unhooked')
  expect(other.of('Webhook')).toMatchObject([
    { state: 'note', text: expect.stringContaining('cannot be seen') },
  ])
  expect(other.of('Builds')).toMatchObject([{ state: 'note', text: 'none of you/unhooked yet' }])

  await putJson(store, global, { ...settings, allow: ['them'] })
  await putJson(store, runnerSecretsKey, { ...secrets, githubToken: 'ghp_expired' })
  const faulty = await findings({ LastModified: daysAgo(1), State: 'Active' })
  await putJson(store, runnerSecretsKey, secrets)
  // Another webhook takes the place of the local GitHub's own.
  const hookWith = (path: string) => ({
    config: { url: `${ci.system.addresses.url}${path}`, secret: 'of-another-stack', content_type: 'json' },
    events: ['push'],
  })
  const { id } = await ci.api('POST', '/repos/you/sick/hooks', hookWith('/elsewhere'))
  const unhooked = await findings({ LastModified: daysAgo(1), State: 'Active' })
  await ci.api('PATCH', `/repos/you/sick/hooks/${id}`, hookWith('/webhook'))
  await ci.api('POST', `/repos/you/sick/hooks/${id}/pings`)
  await ci.until('the ping', async () => {
    const [last] = await ci.api('GET', `/repos/you/sick/hooks/${id}/deliveries`)
    return last?.status_code === 401
  })
  const refused = await findings({ LastModified: daysAgo(1), State: 'Active' })
  expect([faulty.exitCode, faulty.of('Token')]).toMatchObject([
    1,
    [
      {
        state: 'wrong',
        text: expect.stringContaining('expired or revoked'),
        advice: 'Give another one: lambci setup.',
      },
    ],
  ])
  expect(faulty.of('Repository')).toMatchObject([
    { state: 'wrong', advice: `Add it: lambci config set allow '[…, "you/sick"]'` },
  ])
  expect([refused.exitCode, refused.of('Webhook')]).toMatchObject([
    1,
    [
      {
        text: expect.stringMatching(/, answered with 401$/),
        advice: 'Renew its secret: lambci hook add you/sick',
      },
    ],
  ])
  expect(unhooked.of('Webhook')).toMatchObject([
    { state: 'wrong', advice: 'Run "lambci hook add you/sick".' },
  ])
})

test('doctor examines what is there without a stack', async () => {
  const { env, close } = await serveStack(ci)
  const none = await lambci(['doctor', '--stack', 'other'], { cwd, env })
  expect([none.exitCode, none.stdout]).toEqual([
    1,
    expect.stringMatching(/^ok {5}Credentials .*\nWRONG {2}System +There is no stack other in us-east-1\. /),
  ])
  const nowhere = {
    AWS_REGION: undefined,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
  const regionless = await lambci(['doctor'], { cwd, env: nowhere })
  expect([regionless.exitCode, regionless.stdout]).toEqual([
    1,
    expect.stringMatching(
      /^WRONG {2}Region +none is set\n +Set AWS_REGION, or run "aws configure"\.\nWRONG {2}System /,
    ),
  ])
  const anonymous = {
    ...env,
    ...nowhere,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: undefined,
    HOME: '/nowhere',
  }
  const unsigned = await lambci(['doctor'], { cwd, env: anonymous })
  expect([unsigned.exitCode, unsigned.stdout]).toEqual([
    1,
    expect.stringMatching(/^WRONG {2}Credentials +none that AWS accepts .*\n +Sign in with "aws configure"/),
  ])
  await close()
  // The local system has no account.
  const local = await lambci(['doctor', '--data', `${ci.directory}/data`], { cwd })
  expect(local.stdout).toMatch(/^ok {5}System {7}the local system in /)
})
