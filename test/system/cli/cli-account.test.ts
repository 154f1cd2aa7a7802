import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeDirectory, makeWorkingCopy } from '../../../loopback/test/github/working-copy.ts'
import { readRunnerSecrets } from '../../../src/account/secrets.ts'
import { organizationSecret, repositorySecret } from '../../../src/github/hook-secrets.ts'
import { runnerSecretsKey, settingsKeys, variablesKeys } from '../../../src/records/keys.ts'
import { keyOfPath } from '../../../src/records/links.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { putJson, readJson } from '../../support/bucket.ts'
import { lambci } from '../../support/lambci.ts'
import { serveStack } from '../../support/serve-stack.ts'
import { startGitHub } from '../../support/small-process.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
let data: string
/** The settings of the shared system, which are restored in the end. */
let shared: object
const global = settingsKeys('')[0]
beforeAll(async () => {
  ci = await sharedTestSystem()
  data = join(ci.directory, 'data')
  shared = (await readJson(ci.system.store, global)) as object
})
afterAll(async () => {
  await putJson(ci.system.store, global, shared)
  await ci.close()
})

const onTestSystem = (...args: string[]) => lambci([...args, '--data', data])
/** What commands say about a repository that GitHub does not show. */
const unseen = (repository: string) =>
  `Note: GitHub does not show ${repository} to this stack. Check the spelling, unless its token or App may not see it.`
const fileWith = async (name: string, text: string | Uint8Array) => {
  const path = join(ci.directory, name)
  await writeFile(path, text)
  return path
}

const serveStacks = (parameters?: Record<string, string>, status?: string) =>
  serveStack(ci, { ...(parameters && { parameters }), ...(status && { status }) })

describe('setup', () => {
  let secrets: unknown
  beforeAll(async () => {
    secrets = await readJson(ci.system.store, runnerSecretsKey)
  })
  const reset = async () => {
    await putJson(ci.system.store, runnerSecretsKey, secrets as object)
    await putJson(ci.system.store, global, shared)
  }
  beforeEach(reset)
  afterAll(reset)

  test('the first setup checks the token, creates the secrets and prints the next step', async () => {
    const { store } = ci.system
    await store.remove(runnerSecretsKey)
    await store.remove(global)
    const token = await fileWith('token', `${ci.system.keys.githubToken}\n`)
    const clone = await fileWith('clone-token', ci.system.keys.cloneToken)
    const { exitCode, stdout, stderr } = await onTestSystem(
      ...['setup', '--token-file', token, '--clone-token-file', clone, '--owners', 'you, them/project'],
    )
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toContain('The GitHub token belongs to lambci.')
    expect(stdout).toContain(
      'Written: secrets/runner.json, config/global.json.\nBuilds for: you, them/project.\n',
    )
    expect(stdout).toContain('Next: run "lambci hook add OWNER/REPO"')
    expect(stdout).not.toContain(ci.system.keys.githubToken)
    const written = await readRunnerSecrets(store)
    expect(written).toMatchObject({
      githubToken: ci.system.keys.githubToken,
      cloneToken: ci.system.keys.cloneToken,
      githubApp: null,
      webhookSecrets: [expect.stringMatching(/^[0-9a-f]{64}$/)],
      linkKey: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    // No webhook of a new stack has the one secret.
    expect(written.acceptsSharedSecret).toBe(false)
    expect(stdout).not.toContain('shared')
    expect(await readJson(store, global)).toEqual({
      allow: ['you', 'them/project'],
      notifications: { sns: { topicArn: ci.system.addresses.notificationsTopic } },
    })

    // A second setup keeps the secrets, and the settings added since.
    await putJson(store, global, { ...((await readJson(store, global)) as object), timeout: 77 })
    const again = await onTestSystem('setup', '--token-file', token)
    expect(again.exitCode).toBe(0)
    expect(await readRunnerSecrets(store)).toEqual(written)
    expect(await readJson(store, global)).toMatchObject({ allow: ['lambci'], timeout: 77 })
  })

  test('after a rotation the old webhook secret stays valid, old links do not', async () => {
    const before = await readRunnerSecrets(ci.system.store)
    const { exitCode } = await onTestSystem('setup', '--rotate-webhook-secret', '--rotate-link-key')
    expect(exitCode).toBe(0)
    const after = await readRunnerSecrets(ci.system.store)
    expect(after.webhookSecrets).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), before.webhookSecrets[0]])
    expect(after.githubToken).toBe(before.githubToken)
    expect(keyOfPath('/x', after.linkKey)).not.toBe(keyOfPath('/x', before.linkKey))
    expect(await readJson(ci.system.store, global)).toEqual(shared)
    await onTestSystem('setup', '--rotate-webhook-secret')
    expect((await readRunnerSecrets(ci.system.store)).webhookSecrets[1]).toBe(after.webhookSecrets[0])
  })

  test('a stack from before webhooks had secrets of their own accepts its one secret until that is refused', async () => {
    const { store } = ci.system
    const { acceptsSharedSecret: _, ...old } = secrets as Record<string, unknown>
    await putJson(store, runnerSecretsKey, old)
    expect((await readRunnerSecrets(store)).acceptsSharedSecret).toBe(true)
    const kept = await onTestSystem('setup', '--rotate-link-key')
    expect(kept.stdout).toMatch(
      /Note: webhooks from before .* "lambci setup --refuse-shared-secret" ends it\./,
    )
    expect((await readRunnerSecrets(store)).acceptsSharedSecret).toBe(true)
    const refused = await onTestSystem('setup', '--refuse-shared-secret')
    expect(refused.exitCode).toBe(0)
    expect(refused.stdout).not.toContain('from before')
    expect((await readRunnerSecrets(store)).acceptsSharedSecret).toBe(false)
  })

  test('setup reads everything from standard input', async () => {
    const input = JSON.stringify({ githubToken: ci.system.keys.githubToken, owners: ['*'] })
    const { exitCode, stdout } = await lambci(['setup', '--stdin', '--data', data], { input })
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Builds for: *.')
  })

  test('setup checks an App with GitHub and sets its webhook', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = await fileWith('app.pem', String(privateKey.export({ type: 'pkcs1', format: 'pem' })))
    const directory = await makeDirectory()
    const app = {
      id: 4711,
      slug: 'builder',
      owner: 'ada',
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
    }
    const permissions = { statuses: 'write', contents: 'read' } as const
    const github = await startGitHub({ directory, token: 't', webhook: null, app: { ...app, permissions } })
    const stack = await serveStacks({ GitHubApiUrl: github.apiUrl })
    const args = ['setup', '--stack', 'lambci', '--app-key-file', pem]
    const good = await lambci([...args, '--app-id', '4711'], { env: stack.env })
    expect([good.exitCode, good.stderr]).toEqual([0, ''])
    expect(good.stdout).toContain('The GitHub App is builder, installed for ada.')
    expect(good.stdout).toContain("The App's webhook now points to this stack")
    expect((await readRunnerSecrets(ci.system.store)).githubApp?.id).toBe(4711)
    const wrong = await lambci([...args, '--app-id', '4712'], { env: stack.env })
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      2,
      'lambci: GitHub does not accept the App: the id or the private key is wrong.',
    ])
    await stack.close()
    await github.close()
  })

  test.each<[string, string[], string | undefined, RegExp[]]>([
    [
      'no terminal and no options',
      [],
      undefined,
      [/^lambci: This stack has not been set up yet: provide a GitHub token \(--token-file\), or an App/],
    ],
    [
      'a token that GitHub rejects',
      ['--stdin'],
      '{"githubToken": "ghp_wrong"}',
      [/does not accept this token: it is mistyped, expired/],
    ],
    [
      'two wrong tokens and a wrong owner, reported together',
      ['--stdin'],
      '{"githubToken": "ghp_wrong", "cloneToken": "x", "owners": ["a b"]}',
      [
        /does not accept this token/,
        /does not accept the clone token/,
        /"a b" is not valid: write owner, owner\/repo or \*/,
      ],
    ],
    ['an App without a key', ['--app-id', '7'], undefined, [/An App needs both --app-id and --app-key-file/]],
    ['a missing file', ['--token-file', '/nowhere'], undefined, [/Cannot read \/nowhere \(ENOENT\)/]],
    ['invalid JSON', ['--stdin'], 'ghp_secret', [/Standard input must be JSON like/]],
  ])(
    'setup with %s prints one sentence, exits with 2 and writes nothing',
    async (name, args, input, messages) => {
      if (name.startsWith('no terminal')) await ci.system.store.remove(runnerSecretsKey)
      const before = [
        await readJson(ci.system.store, runnerSecretsKey),
        await readJson(ci.system.store, global),
      ]
      const { exitCode, stderr } = await lambci(
        ['setup', ...args, '--data', data],
        input === undefined ? {} : { input },
      )
      expect(exitCode).toBe(2)
      for (const message of messages) expect(stderr).toMatch(message)
      expect(stderr).not.toMatch(/ghp_secret|\n\s+at /)
      expect([
        await readJson(ci.system.store, runnerSecretsKey),
        await readJson(ci.system.store, global),
      ]).toEqual(before)
    },
  )
})

test('a webhook is added, updated and removed', async () => {
  // A server without a default webhook.
  const token = ci.system.keys.githubToken
  const { cloneToken } = ci.system.keys
  const directory = await makeDirectory()
  const github = await startGitHub({ directory, token, cloneToken, webhook: null })
  const stack = await serveStacks({ GitHubApiUrl: github.apiUrl })
  const copy = await makeWorkingCopy(`${github.url}/you/hooked.git`)
  await copy.commit('First')
  await copy.push('master')
  const hook = (...args: string[]) => lambci(['hook', ...args, '--stack', 'lambci'], { env: stack.env })
  const call = async (path: string) => {
    const headers = { authorization: `token ${token}` }
    return JSON.parse(await (await fetch(`${github.apiUrl}${path}`, { headers })).text())
  }
  const count = async () => (await call('/repos/you/hooked/hooks')).length
  const added = await hook('add', 'you/hooked')
  expect([added.exitCode, added.stderr]).toEqual([0, ''])
  expect(added.stdout).toMatch(
    /^Added: webhook \d+ of you\/hooked, for push, pull_request, merge_group, to http:\/\/127\.0\.0\.1:\d+\/webhook\.$/,
  )
  expect((await hook('add', 'you/hooked')).stdout).toMatch(/^Updated: webhook/)
  expect(await count()).toBe(1)
  // GitHub's pings were signed with the secret that a person gets for a webhook by hand.
  const { webhookSecrets } = await readRunnerSecrets(ci.system.store)
  const hooked = await call('/repos/you/hooked')
  const secret = repositorySecret(webhookSecrets[0] ?? '', hooked.id)
  expect((await hook('secret', 'you/hooked')).stdout).toBe(secret)
  expect((await hook('secret', 'You')).stdout).toBe(organizationSecret(webhookSecrets[0] ?? '', 'you'))
  const hooks = await call('/repos/you/hooked/hooks')
  const pings = await ci.until('two pings', async () => {
    const data = await call(`/repos/you/hooked/hooks/${hooks[0].id}/deliveries`)
    return data.length === 2 && data
  })
  expect(pings).toMatchObject([
    { event: 'ping', status_code: 200 },
    { event: 'ping', status_code: 200 },
  ])
  expect((await hook('secret', 'you/nowhere')).stderr).toMatch(/GitHub does not show you\/nowhere/)
  expect((await hook('remove', 'you/hooked')).stdout).toBe('Removed the webhook of you/hooked.')
  expect(await count()).toBe(0)
  expect((await hook('remove', 'you/hooked')).stdout).toBe('you/hooked has no webhook for this stack.')
  const nowhere = await hook('add', 'you/nowhere')
  expect([nowhere.exitCode, nowhere.stderr]).toEqual([
    2,
    expect.stringMatching(/may not manage the webhooks of you\/nowhere, or the repository does not exist/),
  ])
  const unnamed = await lambci(['hook', 'add', 'you/hooked', '--bucket', ci.system.addresses.bucket], {
    env: stack.env,
  })
  expect([unnamed.exitCode, unnamed.stderr]).toEqual([
    2,
    expect.stringContaining('Name the stack with --stack'),
  ])
  await onTestSystem('config', 'set', 'allow', '["them"]')
  expect((await hook('add', 'you/hooked')).stdout).toContain('Note: you/hooked is not allowed yet.')
  await onTestSystem('config', 'set', 'allow', '["*"]')
  await stack.close()
  await github.close()
})

test('settings are read, changed and removed; invalid ones are not written', async () => {
  expect((await onTestSystem('config', 'set', 'timeout', '600')).stdout).toBe(
    'timeout is now 600 for all repositories.',
  )
  expect((await onTestSystem('config', 'get', 'timeout')).stdout).toBe('600')
  const rule = 'branches["release/1.0"].cmd'
  expect((await onTestSystem('config', 'set', 'you/project', rule, 'make test')).exitCode).toBe(0)
  expect(JSON.parse((await onTestSystem('config', 'get', 'you/project')).stdout)).toEqual({
    branches: { 'release/1.0': { cmd: 'make test' } },
  })
  // A value that looks like JSON stays a string where only a string is valid.
  expect((await onTestSystem('config', 'set', 'you/project', 'cmd', 'true')).stdout).toBe(
    `cmd is now "true" for you/project.\n${unseen('you/project')}`,
  )
  expect((await onTestSystem('config', 'unset', 'you/project', 'cmd')).exitCode).toBe(0)
  expect((await onTestSystem('config', 'unset', 'timeout')).exitCode).toBe(0)
  const missing = await onTestSystem('config', 'get', 'timeout')
  expect([missing.exitCode, missing.stderr]).toEqual([2, 'lambci: timeout is not set for all repositories.'])

  for (const [words, message] of [
    [['timout', '600'], /config\/global\.json.*timout.*timeout/s],
    [['timeout', 'soon'], /timeout/],
    [['__proto__.x', '1'], /is not a valid key/],
    [['nobody', 'timeout', '1'], /"nobody" is not a repository/],
  ] as const) {
    const { exitCode, stderr } = await onTestSystem('config', 'set', ...words)
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)])
  }
  expect(await readJson(ci.system.store, settingsKeys('')[0])).not.toHaveProperty('timout')
})

test('secrets are set from a file or standard input, listed by name only, and masked in the log', async () => {
  const { store } = ci.system
  const set = await lambci(['secret', 'set', 'DEPLOY_KEY', 'you/secretive', '--data', data], {
    input: 'a-very-secret-value\n',
  })
  expect([set.exitCode, set.stdout, set.stderr]).toEqual([
    0,
    `DEPLOY_KEY is set for you/secretive.\n${unseen('you/secretive')}`,
    '',
  ])
  const file = await fileWith('value', '123\n')
  const short = await onTestSystem('secret', 'set', 'PIN', '--file', file)
  expect(short.stdout).toBe(
    'PIN is set for all repositories.\nNote: it is shorter than 6 characters, so logs do not mask it.',
  )
  expect(await readJson(store, variablesKeys('gh/you/secretive')[1])).toEqual({
    DEPLOY_KEY: 'a-very-secret-value',
  })
  expect((await onTestSystem('secret', 'list', 'you/secretive')).stdout).toBe('DEPLOY_KEY')
  expect((await onTestSystem('secret', 'list', '--json')).stdout).toBe('["PIN"]')

  const at = await ci.write(lambciJson('echo "[$DEPLOY_KEY] [$PIN]"'))
  await ci.push(at, 'you/secretive', 'master')
  const build = { project: 'gh/you/secretive', number: 1 }
  await ci.ended(build)
  expect(await ci.log(build)).toContain('[***] [123]\n')

  expect((await onTestSystem('secret', 'remove', 'PIN')).stdout).toBe('PIN was removed for all repositories.')
  const large = await fileWith('large', 'x'.repeat(131_070))
  const binary = await fileWith('binary', Buffer.from([0xfe, 0xed, 0x80]))
  for (const [args, message] of [
    [['set', 'LAMBCI_X'], /LAMBCI_X is set by the runner: choose another name/],
    [['set', '1X'], /is not a valid variable name/],
    [['set', 'X', 'nobody'], /"nobody" is not a repository/],
    [['set', 'X'], /The value of X is empty, so it was not set/],
    [
      ['set', 'X', '--file', large],
      /X is too large for a variable: 131073 bytes with its name, .* 131072\. Keep it/,
    ],
    [['set', 'X', '--file', binary], /\/binary is not UTF-8 text\. Encode it first, for example with base64/],
    [['remove', 'GONE'], /There is no secret GONE for all repositories/],
  ] as const) {
    const { exitCode, stderr } = await onTestSystem('secret', ...args)
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)])
  }
})

describe('a repository with a passed, a skipped and a failed build', () => {
  const repository = 'you/built'
  const project = `gh/${repository}`
  /** The commit of the failed one. */
  let failed: string
  beforeAll(async () => {
    const build = async (number: number, cmd: string, branch: string) => {
      const at = await ci.write(lambciJson(cmd, { branches: { master: true } }))
      const commit = await ci.push(at, repository, branch)
      await ci.ended({ project, number })
      return commit
    }
    await build(1, 'echo "found me"', 'master')
    await build(2, 'true', 'topic')
    failed = await build(3, 'echo "built $LAMBCI_BUILD_NUM"; exit 3', 'master')
  })

  test('logs --follow exits with 0 only if the build passed or was skipped', async () => {
    for (const [number, status, exitCode] of [
      [1, 'passed', 0],
      [2, 'skipped', 0],
      [3, 'failed', 1],
    ] as const) {
      expect(await ci.view({ project, number })).toMatchObject({ status })
      expect((await onTestSystem('logs', '--follow', `you/built#${number}`)).exitCode).toBe(exitCode)
    }
  })

  test('deploy and rollback report that no build or deploy fits', async () => {
    for (const [args, message] of [
      [['deploy', repository, 'qa'], 'Found no passed build that was pushed to the stage qa.'],
      [['deploy', repository, 'qa', '--commit', '1234567'], 'Found no passed build of commit 1234567 that'],
      [['rollback', repository, 'qa'], 'Nothing has been deployed to qa yet.'],
    ] as const) {
      const { exitCode, stderr } = await onTestSystem(...args)
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)])
    }
    expect((await onTestSystem('stages', repository)).stdout).toBe(
      'Nothing has been deployed to a stage of you/built yet.',
    )
  })

  test('a stack is found by its outputs; each error is one sentence', async () => {
    const stack = await serveStacks()
    const logs = await lambci(['logs', 'you/built#1'], { env: stack.env })
    // No option names it.
    expect([logs.exitCode, logs.stderr]).toEqual([0, 'Using the stack lambci in us-east-1.'])
    expect(logs.stdout).toContain('found me')
    const unknown = await lambci(['logs', 'you/built#1', '--stack', 'other'], { env: stack.env })
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      2,
      'lambci: There is no stack other in us-east-1. Deploy it with "lambci up", or select another with --stack and AWS_REGION.',
    ])
    await stack.close()
    const broken = await serveStacks({}, 'ROLLBACK_COMPLETE')
    const rolled = await lambci(['config', 'get'], { env: broken.env })
    expect([rolled.exitCode, rolled.stderr]).toEqual([
      2,
      expect.stringContaining('The stack lambci is incomplete (ROLLBACK_COMPLETE). Run "lambci up"'),
    ])
    await broken.close()
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...anonymous } = stack.env
    const unsigned = await lambci(['config', 'get'], { env: { ...anonymous, HOME: '/nowhere' } })
    expect([unsigned.exitCode, unsigned.stderr]).toEqual([
      2,
      expect.stringContaining('There are no AWS credentials. Sign in with "aws configure"'),
    ])
  })

  test('rebuild builds the same commit under a new number and follows it', async () => {
    const again = await onTestSystem('rebuild', repository, '--follow')
    expect(again.exitCode).toBe(1)
    expect(again.stdout).toMatch(
      /^Build #4 of you\/built: http:\/\/127\.0\.0\.1:\d+\/gh\/you\/built\/builds\/4\n/,
    )
    expect(again.stdout).toContain('built 4\n')
    expect(await ci.view({ project, number: 4 })).toMatchObject({ commit: failed, status: 'failed' })
    expect(JSON.parse((await onTestSystem('rebuild', 'you/built#3', '--json')).stdout)).toMatchObject({
      number: 5,
    })
    await ci.ended({ project, number: 5 })
    const none = await onTestSystem('rebuild', 'you/built#9')
    expect([none.exitCode, none.stderr]).toEqual([2, 'lambci: There is no build #9 of you/built.'])
  })
})

test('a running build is not rebuilt, and is followed until it is cancelled', async () => {
  const slow = await ci.write(lambciJson('sleep 30'))
  await ci.push(slow, 'you/cancelled', 'master')
  const build = { project: 'gh/you/cancelled', number: 1 }
  await ci.until('the start', async () => (await ci.view(build))?.status === 'running')
  const early = await onTestSystem('rebuild', 'you/cancelled')
  expect([early.exitCode, early.stderr]).toEqual([
    2,
    'lambci: Build #1 of you/cancelled has not ended yet: it is running.',
  ])
  const followed = onTestSystem('logs', '--follow', 'you/cancelled')
  const cancelled = await onTestSystem('cancel', 'you/cancelled')
  expect([cancelled.exitCode, cancelled.stdout]).toEqual([
    0,
    expect.stringMatching(
      /^Build #1 of you\/cancelled is being cancelled \(by .+\)\. It ends within seconds/,
    ),
  ])
  expect((await followed).exitCode).toBe(1)
  expect(await ci.ended(build)).toMatchObject({ status: 'cancelled' })
})

test('deliver sends a payload like GitHub, and one that was delivered before once more', async () => {
  const at = await ci.write(lambciJson('echo delivered'))
  const commit = await ci.push(at, 'you/delivered', 'master')
  await ci.ended({ project: 'gh/you/delivered', number: 1 })
  const [delivery] = await ci.api('GET', '/repos/you/delivered/hooks/1/deliveries')
  const { request } = await ci.api('GET', `/repos/you/delivered/hooks/1/deliveries/${delivery.id}`)
  const file = await fileWith('payload.json', JSON.stringify(request.payload))
  const first = await onTestSystem('deliver', 'push', file, '--json')
  expect(first.exitCode).toBe(0)
  const { status, answer } = JSON.parse(first.stdout)
  expect([status, answer]).toMatchObject([202, { project: 'gh/you/delivered', number: 2 }])
  expect(await ci.ended({ project: 'gh/you/delivered', number: 2 })).toMatchObject({
    commit,
    status: 'passed',
    rebuildOf: 1,
  })
  const edited = { ...request.payload, compare: 'edited' }
  const other = await onTestSystem('deliver', 'push', await fileWith('edited.json', JSON.stringify(edited)))
  expect(other.stdout).toMatch(/^202 .*"number":3[^\n]*$/)
  expect(await ci.ended({ project: 'gh/you/delivered', number: 3 })).toMatchObject({ rebuildOf: null })

  const broken = await lambci(['deliver', 'push', '-', '--data', data], { input: '{"ref":' })
  expect([broken.exitCode, broken.stdout]).toEqual([1, expect.stringMatching(/^400 .*not valid JSON/)])
  const ping = await lambci(['deliver', 'ping', '-', '--data', data], { input: '{"zen": "x"}' })
  expect([ping.exitCode, ping.stdout]).toEqual([0, expect.stringContaining('The webhook works.')])
  const wrong = await onTestSystem('deliver', 'Push!', file)
  expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('"Push!" is not an event')])
})

test('builds lists builds, newest first, and the cost of each month', async () => {
  const at = await ci.write(lambciJson('exit $(cat code)'))
  for (const [index, code] of ['0', '1'].entries()) {
    await ci.push(
      at,
      'you/listed',
      code === '0' ? 'master' : 'qa',
      { code },
      `Change\u001b[31m ${code}\nand more`,
    )
    await ci.ended({ project: 'gh/you/listed', number: index + 1 })
  }
  const { exitCode, stdout, stderr } = await onTestSystem('builds', 'you/listed')
  expect([exitCode, stderr]).toEqual([0, ''])
  const [headers, newest = '', oldest = '', ...none] = stdout.split('\n')
  expect(headers).toMatch(/^BUILD +STATUS +QUEUED \(UTC\) +TOOK +COST +BRANCH +MESSAGE$/)
  expect(newest).toMatch(
    /^#2 +failed +\d{4}-\d\d-\d\d \d\d:\d\d {2}[\d.]+ s +~\$0\.000\d +qa +Change\\x1b\[31m 1$/,
  )
  expect(oldest).toMatch(/^#1 +passed .* master +Change/)
  expect(none).toEqual([])
  expect((await onTestSystem('builds', 'you/listed', '--branch', 'qa', '--limit', '1')).stdout).toMatch(
    /^BUILD [^\n]*\n#2 [^\n]*$/,
  )
  expect(JSON.parse((await onTestSystem('builds', 'you/listed', '--json')).stdout)).toMatchObject([
    { number: 2, status: 'failed', cost: expect.any(Number) },
    { number: 1, status: 'passed' },
  ])
  expect((await onTestSystem('builds', 'you/listed', '--cost')).stdout).toMatch(
    /^MONTH +BUILDS +COST\n\d{4}-\d\d +2 +~\$0\.000\d$/,
  )
  expect((await onTestSystem('builds', 'you/unknown')).stdout).toBe('There is no build of you/unknown yet.')
  expect(await readReport(ci.system.store, { project: 'gh/you/listed', number: 2 })).toMatchObject({
    claimedAt: expect.any(String),
    isCounted: true,
  })
  const [month] = JSON.parse((await onTestSystem('builds', 'you/listed', '--cost', '--json')).stdout)
  const costs = JSON.parse((await onTestSystem('builds', 'you/listed', '--json')).stdout).map(
    ({ cost }: { cost: number }) => cost,
  )
  expect(month).toEqual({
    month: expect.any(String),
    builds: 2,
    cost: expect.closeTo(costs[0] + costs[1], 9),
  })
  expect((await onTestSystem('builds', 'you/listed', '--cost', '--branch', 'qa')).stdout).toMatch(
    /^MONTH +BUILDS +COST\n\d{4}-\d\d +1 +~\$0\.000\d$/,
  )
  for (const none of [
    {
      args: ['you/listed', '--branch', 'nope'],
      text: 'No build of you/listed on branch nope has ended yet.',
    },
    { args: ['you/unknown'], text: 'No build of you/unknown has ended yet.' },
  ]) {
    const { exitCode, stdout } = await onTestSystem('builds', ...none.args, '--cost')
    expect([exitCode, stdout]).toEqual([0, none.text])
  }
  for (const more of [[], ['--limit', '1']]) {
    const none = await onTestSystem('builds', 'you/listed', '--branch', 'nope', ...more)
    expect(none).toEqual({ exitCode: 0, stdout: 'No build of you/listed matches --branch nope.', stderr: '' })
  }
  expect((await onTestSystem('builds', 'you/listed', '--branch', 'nope', '--json')).stdout).toBe('[]')
  const wrong = await onTestSystem('builds', 'nobody')
  expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('is not a repository')])
})

test("plan knows the account's settings if the stack can be read", async () => {
  const { store } = ci.system
  const role = 'arn:aws:iam::000000000000:role/site-jobs'
  await putJson(store, global, { ...shared, allow: ['ada'], maxJobs: 2 })
  const [, own] = settingsKeys('gh/ada/planned')
  await putJson(store, own, { deployBranches: ['main'], jobRoles: { build: role }, timeout: 321 })
  await putJson(store, variablesKeys('gh/ada/planned')[1], { NPM_TOKEN: 'never-shown' })
  const at = await ci.write(lambciJson('make'))
  const plan = (...args: string[]) => onTestSystem('plan', at, '--branch', 'main', ...args)
  await ci.git(at, 'remote', 'add', 'origin', 'git@github.com:Ada/Planned.git')
  const only = await plan()
  expect([only.exitCode, only.stderr]).toEqual([0, ''])
  expect(only.stdout).toContain(`\nRole       ${role}; every job of its branch can reach it`)
  expect(only.stdout).toContain('\nTimeout    321 seconds for each command\n')
  expect(only.stdout).toMatch(/^Settings +timeout.* from config\/gh\/ada\/planned\.json$/m)
  expect(only.stdout).not.toContain('Note')
  const other = await onTestSystem('plan', at, '--branch', 'topic')
  expect(other.stdout).toContain(
    'Note       Job build does not get its role: without "trust": "branch" in "jobRoles", only pushes to',
  )
  expect(JSON.parse((await plan('--json')).stdout).jobs).toMatchObject([{ access: { role: { arn: role } } }])

  const jobs = { unit: 'make', lint: { cmd: 'make lint', secrets: [] } }
  await writeFile(join(at, '.lambci.json'), JSON.stringify({ jobs }))
  expect((await plan()).stdout).toMatch(/^ +Secrets: NPM_TOKEN\nJob +lint: .*\n.*\n.*\n +Secrets: none$/m)
  expect((await plan()).stdout).not.toContain('never-shown')
  await writeFile(join(at, '.lambci.json'), JSON.stringify({ jobs: { ...jobs, e2e: 'make e2e' } }))
  expect(await plan()).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(
      'has 3 jobs for this build (unit, lint, e2e), and a build may have at most 2',
    ),
  })

  await ci.git(at, 'remote', 'set-url', 'origin', 'git@github.com:stranger/unknown.git')
  await putJson(store, global, { ...shared, allow: ['ada'] })
  expect((await plan()).stdout).toContain(
    'Note       stranger/unknown is not among the repositories that this stack builds: add it to "allow" in config/global.json.',
  )
  await putJson(store, global, { allow: 'ada' })
  expect(await plan()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('config/global.json') })
})
