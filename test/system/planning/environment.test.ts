import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { UserError } from '../../../src/model/user-error.ts'
import { commandEnvironment, type EnvironmentParts } from '../../../src/planning/environment.ts'

const PARTS: EnvironmentParts = {
  build: {
    repository: 'o/r',
    number: 12,
    branch: 'main',
    cloneRepository: 'fork/r',
    checkoutBranch: 'feature/x',
    commit: 'a'.repeat(40),
    pullRequest: 7,
  },
  config: { env: {}, inheritSecrets: true },
  step: { name: 'build', shard: null, isStrict: false, env: {} },
  buildUrl: 'https://ci.example/gh/o/r/builds/12',
  runtime: {
    user: 'ada',
    home: '/tmp/lambci/home',
    temp: '/tmp/lambci/tmp',
    path: '/usr/local/bin:/usr/bin:/bin',
    region: 'us-east-1',
    requestId: 'request-1',
  },
  secrets: {},
}
const environment = (more: Partial<EnvironmentParts>) => commandEnvironment({ ...PARTS, ...more })
const withEnv = (env: Record<string, string>) => environment({ config: { env, inheritSecrets: true } })

const WHOLE = {
  CI: 'true',
  LAMBCI: 'true',
  LAMBCI_REPO: 'o/r',
  LAMBCI_BRANCH: 'main',
  LAMBCI_CLONE_REPO: 'fork/r',
  LAMBCI_CHECKOUT_BRANCH: 'feature/x',
  LAMBCI_COMMIT: 'a'.repeat(40),
  LAMBCI_MERGE_COMMIT: '',
  LAMBCI_PULL_REQUEST: '7',
  LAMBCI_BUILD_NUM: '12',
  LAMBCI_BUILD_URL: 'https://ci.example/gh/o/r/builds/12',
  AWS_REGION: 'us-east-1',
  AWS_REQUEST_ID: 'request-1',
  USER: 'ada',
  LOGNAME: 'ada',
  SHELL: '/bin/bash',
  HOME: '/tmp/lambci/home',
  PATH: '/tmp/lambci/home/.local/bin:/usr/local/bin:/usr/bin:/bin',
  LANG: 'C.UTF-8',
  TMPDIR: '/tmp/lambci/tmp',
  TERM: 'xterm-256color',
  FORCE_COLOR: 'true',
}

test('the complete environment of a command', () => {
  expect(environment({})).toEqual(WHOLE)
})

test('a process gets exactly these variables, with any values', () => {
  const env = { LINES: 'one\ntwo', EMPTY: '', QUOTES: `'"$(false)\``, UNICODE: 'ü 🐑' }
  const seen = execFileSync('/usr/bin/env', ['-0'], { env: withEnv(env), encoding: 'utf8' })
  const pairs = seen
    .split('\0')
    .filter(Boolean)
    .map(line => [line.split('=')[0], line.slice(line.indexOf('=') + 1)])
  expect(Object.fromEntries(pairs)).toEqual({ ...WHOLE, ...env })
})

test('a push has no pull request, and a deleted fork no repository', () => {
  const build = { ...PARTS.build, pullRequest: null, cloneRepository: null }
  expect(environment({ build })).toMatchObject({ LAMBCI_PULL_REQUEST: '', LAMBCI_CLONE_REPO: '' })
})

test('only the deploy step has the stage variables', () => {
  expect(environment({ step: { stage: 'qa', env: {} } })).toEqual({
    ...WHOLE,
    STAGE: 'qa',
    LAMBCI_STAGE: 'qa',
    npm_config_yes: 'false',
  })
  for (const name of ['STAGE', 'LAMBCI_STAGE', 'npm_config_yes'])
    expect(environment({})).not.toHaveProperty(name)
})

test('a job has its name and variables, and a shard its number', () => {
  const step = { name: 'unit', shard: { index: 3, count: 8 }, isStrict: true, env: { NODE: '22' } }
  expect(environment({ step })).toEqual({
    ...WHOLE,
    LAMBCI_JOB: 'unit',
    LAMBCI_SHARD: '3',
    LAMBCI_SHARDS: '8',
    NODE: '22',
  })
})

test('env overrides the runner’s variables, and secret variables override both', () => {
  const config = { env: { FORCE_COLOR: '0', A: 'env', B: 'env' }, inheritSecrets: true }
  const secrets = { B: 'secret', TERM: 'dumb' }
  expect(environment({ config, secrets })).toEqual({
    ...WHOLE,
    FORCE_COLOR: '0',
    A: 'env',
    B: 'secret',
    TERM: 'dumb',
  })
})

test('without inheritSecrets there are no secret variables', () => {
  const config = { env: { A: 'env' }, inheritSecrets: false }
  expect(environment({ config, secrets: { A: 'secret', B: 'secret' } })).toEqual({ ...WHOLE, A: 'env' })
})

test.each([
  ['/opt/tool/bin', '/opt/tool/bin:/tmp/lambci/home/.local/bin:/usr/local/bin:/usr/bin:/bin'],
  ['', WHOLE.PATH],
])('a PATH of "%s" keeps the system’s entries', (PATH, expected) => {
  expect(withEnv({ PATH }).PATH).toBe(expected)
  expect(environment({ secrets: { PATH } }).PATH).toBe(expected)
})

test('with a configured PATH, a shell still finds the system’s commands', () => {
  const runtime = { ...PARTS.runtime, path: process.env.PATH ?? '' }
  const env = environment({ runtime, config: { env: { PATH: '/nowhere' }, inheritSecrets: true } })
  expect(
    execFileSync('bash', ['-c', 'ls / | head -1; echo "$LAMBCI_REPO"'], { env, encoding: 'utf8' }),
  ).toMatch(/^\S+\no\/r\n$/)
})

test('the runner’s own tools and the working directory are not on the PATH', () => {
  const npm = '/app/node_modules/.bin:/node_modules/.bin/:/x/@npmcli/run-script/lib/node-gyp-bin'
  const runtime = { ...PARTS.runtime, path: `${npm}::/usr/bin:` }
  expect(environment({ runtime }).PATH).toBe('/tmp/lambci/home/.local/bin:/usr/bin')
})

test('a NUL character is an error that names the variable, but not its value', () => {
  const secrets = { TOKEN: 'hidden\0' }
  const expected =
    'The variable TOKEN contains a NUL character, which environment variables cannot contain. Set it to another value.'
  expect(() => environment({ secrets })).toThrow(new UserError(expected))
  expect(() => environment({ secrets, config: { env: {}, inheritSecrets: false } })).not.toThrow()
})

test('the credentials of a role override secret variables, and these override a granted token', () => {
  const credentials = { AWS_ACCESS_KEY_ID: 'role', AWS_SECRET_ACCESS_KEY: 'role', AWS_SESSION_TOKEN: 'role' }
  const secrets = { AWS_ACCESS_KEY_ID: 'secret', AWS_SECRET_ACCESS_KEY: 'secret', GITHUB_TOKEN: 'secret' }
  const own = environment({ credentials, secrets, token: 'granted' })
  expect(own).toEqual({ ...WHOLE, ...credentials, GITHUB_TOKEN: 'secret' })
  expect(environment({ token: 'granted' })).toEqual({ ...WHOLE, GITHUB_TOKEN: 'granted' })
})
