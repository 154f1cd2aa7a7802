import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseJson } from '../../src/config/json.ts'
import { parseLayer } from '../../src/config/layer.ts'
import { layerSchema } from '../../src/config/schema.ts'
import { settingsKeys } from '../../src/records/keys.ts'
import { putJson } from '../support/bucket.ts'
import { expireArtifacts, logOfJob } from '../support/examples.ts'
import { lambci } from '../support/lambci.ts'
import { roleOf } from '../support/roles.ts'
import { type Files, openTestSystem, type TestSystem } from '../support/test-system.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
const RECIPES = join(DOCS, 'stages')
/** Stand-ins for npm, pip and the tools of the recipes. They refuse what the real ones refuse. */
const TOOLS = join(import.meta.dirname, '..', 'support', 'recipe-tools')

/** The configurations with a deploy that a page has. */
const jsonIn = (path: string) =>
  [...readFileSync(join(DOCS, path), 'utf8').matchAll(/^```json\n([\s\S]*?)\n```/gm)]
    .map(([, json = '']) => json)
    .filter(json => json.includes('"deploy"'))

type Recipe = Record<string, unknown> & { deploy: unknown }
const recipeOf = (name: string): Recipe => JSON.parse(jsonIn(join('stages', name))[0] ?? '')

test.each([...readdirSync(RECIPES).map(name => join('stages', name)), 'lambci.md'])(
  '%s has only valid configurations',
  name => {
    const layers = jsonIn(name).map(json =>
      parseLayer(layerSchema, { name, path: [] }, parseJson(name, json)),
    )
    expect(layers.length).toBeGreaterThan(0)
    for (const { values } of layers)
      expect(values).toMatchObject({ stages: expect.any(Object), deploy: expect.anything() })
  },
)

let ci: TestSystem
let calls: string
let s3: S3Client
beforeAll(async () => {
  const buckets = ['deployed', 'dev.example.com']
  const objects = buckets.map(bucket => `arn:aws:s3:::${bucket}/*`)
  const deployRole = roleOf('app-deploy', { Action: 's3:PutObject', Resource: objects })
  ci = await openTestSystem({ concurrency: 2, deployRole, mixesTenants: true })
  calls = join(ci.directory, 'calls-of-tools')
  const { s3: endpoint, ...credentials } = ci.system.addresses
  s3 = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
  for (const Bucket of buckets) await s3.send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => ci.close())

/** What a deploy has put there. */
async function deployed(Key: string, Bucket = 'deployed'): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  return (await Body?.transformToString()) ?? ''
}

/** Writes a repository with this recipe, whose commands find the stand-ins. */
async function write(repository: string, recipe: Recipe, files: Files, settings: object = {}) {
  const env = {
    PATH: `${join(TOOLS, 'image')}:${dirname(process.execPath)}`,
    TOOLS,
    CALLS: calls,
    AWS_ENDPOINT_URL_S3: ci.system.addresses.s3,
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_COMPILE_CACHE: join(ci.directory, 'compiled'),
  }
  await putJson(ci.system.store, settingsKeys(`gh/${repository}`)[1], { env, ...settings })
  return ci.write({ '.lambci.json': JSON.stringify(recipe), ...files })
}

/** The calls of a repository's tools, in order. */
const callsOf = async (repository: string) =>
  (await ci.read(calls).catch(() => ''))
    .split('\n')
    .flatMap(line => (line.startsWith(`${repository} `) ? line.slice(repository.length + 1) : []))

const npmProject = (tool: string, scripts: object = {}): Files => ({
  'package.json': JSON.stringify({ scripts: { test: 'echo tested', ...scripts } }, null, 2),
  'package-lock.json': JSON.stringify({ packages: { [`node_modules/${tool}`]: {} } }, null, 2),
})
const SITE: Files = {
  ...npmProject('sst', { build: 'mkdir dist && echo $LAMBCI_COMMIT $AWS_REQUEST_ID > dist/index.html' }),
}
const SAM: Files = { 'template.yaml': '', 'requirements-dev.txt': 'pytest\n' }
const CDK: Files = { ...npmProject('aws-cdk'), 'cdk.json': '{}' }
const ZAPPA: Files = {
  'requirements.txt': 'flask>=3,<4\n',
  'zappa_settings.json': JSON.stringify({ dev: {}, qa: {} }),
}

/** A push of a recipe: its files, what its tools are called with, and what its deploy puts where. */
type Push = {
  branch?: string
  files: Files
  settings?: object
  calls: string[]
  object: [key: string, bucket?: string]
  has: (commit: string) => string
}
const SITE_PUSH: Push = {
  files: SITE,
  calls: ['npm ci', 'npm test', 'npm run build', 'aws s3 sync dist s3://dev.example.com/ --delete'],
  object: ['index.html', 'dev.example.com'],
  has: commit => commit,
}
const PUSHES: Record<string, Push> = {
  cdk: {
    branch: 'production',
    files: CDK,
    calls: [
      ...['npm ci', 'npm test', 'npx cdk synth --quiet', 'cdk synth --quiet'],
      ...['npm ci', 'npx cdk deploy web-production --app cdk.out --require-approval never'],
      'cdk deploy web-production --app cdk.out --require-approval never',
    ],
    object: ['cdk/web-production'],
    has: commit => `web-production of ${commit}`,
  },
  sam: {
    files: SAM,
    calls: [
      ...['pip install --user aws-sam-cli', 'pip install --user -r requirements-dev.txt', 'pytest'],
      ...['sam validate --lint', 'sam build', 'pip install --user aws-sam-cli'],
      expect.stringMatching(/^sam deploy .* --stack-name web-dev --parameter-overrides Stage=dev /),
    ],
    object: ['sam/web-dev'],
    has: commit => commit,
  },
  'serverless-framework': {
    files: { ...npmProject('serverless'), 'serverless.yml': 'service: web\n' },
    calls: [
      ...['npm ci', 'npm test', 'npm ci', 'npx serverless deploy --stage dev --region us-east-1'],
      'serverless deploy --stage dev --region us-east-1',
    ],
    object: ['serverless/dev'],
    has: () => 'node_modules/.bin/serverless',
  },
  sst: {
    branch: 'preview/new-page',
    files: { ...npmProject('sst'), 'sst.config.ts': 'export default {}\n' },
    settings: { deployBranches: ['main', '/^preview\\//'] },
    calls: [
      ...['npm ci', 'npm test', 'npm ci', 'npx sst deploy --stage preview-new-page'],
      'sst deploy --stage preview-new-page',
    ],
    object: ['sst/preview-new-page'],
    has: () => 'export default {}',
  },
  terraform: {
    files: { 'main.tf': 'terraform {}\n' },
    calls: [
      ...['fmt -check -recursive', 'init -backend=false', 'validate', 'init -input=false -reconfigure'],
      'apply -input=false -auto-approve -lock-timeout=60s',
    ].map(args => `terraform ${args}`),
    object: ['terraform/dev'],
    has: () => 'terraform {}',
  },
}

/** Pushes a recipe, which is tested and deployed. Returns the repository and its directory. */
async function expectDeployed(name: string, { branch = 'main', files, settings, ...push }: Push) {
  const repository = `recipes/${name}`
  const at = await write(repository, recipeOf(`${name}.md`), files, settings)
  const commit = await ci.push(at, repository, branch)
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  expect(await ci.log(view)).toContain('▸ The deploy acts as ')
  expect(view).toMatchObject({ status: 'passed', deploy: { status: 'succeeded' } })
  expect(await callsOf(repository)).toEqual(push.calls)
  expect(await deployed(...push.object)).toContain(push.has(commit))
  return { repository, at }
}

/** Rolls a repository back after the artifacts of its builds have expired: what it deploys is what its first push has deployed. */
async function expectRollback(
  { repository, at }: Awaited<ReturnType<typeof expectDeployed>>,
  { branch = 'main', object }: Push,
) {
  const project = `gh/${repository}`
  const first = await deployed(...object)
  await ci.push(at, repository, branch, { change: '' })
  const { deploy } = await ci.ended({ project, number: 2 })
  expect(await deployed(...object)).not.toBe(first)
  await expireArtifacts(ci, project)
  const data = join(ci.directory, 'data')
  const rollback = ['rollback', repository, deploy?.stage ?? '', '--data', data]
  expect(await lambci(rollback)).toMatchObject({ exitCode: 0 })
  expect(await ci.ended({ project, number: 3 })).toMatchObject({
    target: { of: 1 },
    deploy: { status: 'succeeded' },
    jobs: [{ title: 'deploy' }],
  })
  expect(await deployed(...object)).toBe(first)
}

const ALL_PUSHES = Object.entries({ ...PUSHES, 's3-site': SITE_PUSH })
const hasArtifacts = (name: string) => 'artifacts' in recipeOf(`${name}.md`)

test.concurrent.each(ALL_PUSHES.filter(([name]) => !hasArtifacts(name)))(
  '%s: a push is tested and deployed',
  async (name, push) => {
    await expectDeployed(name, push)
  },
)

test.concurrent.each(ALL_PUSHES.filter(([name]) => hasArtifacts(name)))(
  '%s: a push is tested and deployed, and a rollback after 31 days brings back the very files',
  async (name, push) => {
    await expectRollback(await expectDeployed(name, push), push)
  },
)

test.concurrent.each([
  ['cdk', CDK, 'cdk.out: command not found'],
  ['s3-site', SITE, 'The user-provided path dist does not exist.'],
  ['sam', SAM, "Path '.aws-sam/build/template.yaml' does not exist."],
])('%s: a deploy that does not name its artifacts is red, and says so', async (name, files, refusal) => {
  const repository = `recipes/no-artifacts-${name}`
  const { deploy, ...recipe } = recipeOf(`${name}.md`)
  const at = await write(
    repository,
    { ...recipe, deploy: { ...(deploy as object), artifacts: undefined } },
    files,
  )
  const commit = await ci.push(at, repository, 'main')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  expect(view).toMatchObject({ status: 'failed', deploy: { status: 'failed' } })
  expect((await ci.statuses(repository, commit)).at(-1)).toMatch(/^failure /)
  const log = await logOfJob(ci, view, 'deploy')
  expect(log).toContain(refusal)
  expect(log).toMatch(/^▸ .*"artifacts"/m)
})

test.concurrent('npx runs nothing in a deploy that is not installed', async () => {
  const repository = 'recipes/no-setup'
  const recipe = recipeOf('serverless-framework.md')
  const { deploy: cmd } = recipe
  const files = PUSHES['serverless-framework']?.files ?? {}
  const at = await write(repository, { ...recipe, deploy: { cmd, setup: false } }, files)
  await ci.push(at, repository, 'main')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  expect(view).toMatchObject({ status: 'failed', deploy: { status: 'failed' } })
  expect(await logOfJob(ci, view, 'deploy')).toContain('npx canceled due to missing packages')
})

test.concurrent('Zappa refuses to work outside of a virtual environment', async () => {
  const repository = 'recipes/no-environment'
  const { deploy, ...recipe } = recipeOf('zappa.md')
  const setup = 'pip install --user -r requirements.txt zappa'
  const at = await write(repository, { ...recipe, deploy: { ...(deploy as object), setup } }, ZAPPA)
  await ci.push(at, repository, 'master')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  expect(view).toMatchObject({ status: 'failed', deploy: { status: 'failed' } })
  expect(await logOfJob(ci, view, 'deploy')).toContain('Zappa requires an active virtual environment!')
})

test.concurrent('Zappa: master runs exactly "update dev", qa "update qa", and other branches nothing', async () => {
  const repository = 'recipes/zappa'
  const project = `gh/${repository}`
  const recipe = recipeOf('zappa.md')
  const zappa = async () => (await callsOf(repository)).filter(call => call.includes(' zappa '))
  const at = await write(repository, recipe, ZAPPA)
  await ci.push(at, repository, 'master')
  expect((await ci.ended({ project, number: 1 })).deploy).toMatchObject({
    stage: 'dev',
    status: 'succeeded',
  })
  expect(await callsOf(repository)).toEqual([
    ...['pip install --user tox', 'tox', 'pip install -r requirements.txt zappa', 'master zappa update dev'],
  ])
  // The packages of the app and Zappa itself, from the virtual environment.
  expect(await deployed('zappa/dev')).toBe('flask\nzappa\n')

  await ci.push(at, repository, 'qa')
  await ci.ended({ project, number: 2 })
  expect((await zappa()).slice(1)).toEqual(['qa zappa update qa'])

  // Another branch is not built by default, and never deployed.
  await ci.push(at, repository, 'topic')
  expect(await ci.ended({ project, number: 3 })).toMatchObject({ status: 'skipped' })
  const built = { '.lambci.json': JSON.stringify({ ...recipe, branches: { '/./': true } }) }
  await ci.push(at, repository, 'topic', built)
  expect(await ci.ended({ project, number: 4 })).toMatchObject({ status: 'passed', deploy: null })

  // Failed tests do not deploy, and neither does a pull request from a branch called qa.
  await ci.push(at, repository, 'master', { '.lambci.json': JSON.stringify(recipe), red: '' })
  expect(await ci.ended({ project, number: 5 })).toMatchObject({
    status: 'failed',
    jobs: [
      { title: 'build', status: 'failed' },
      { title: 'deploy', status: 'skipped' },
    ],
  })
  await ci.git(at, 'rm', '--quiet', 'red')
  await ci.api('POST', `/repos/${repository}/forks`, { organization: 'stranger' })
  const head = await ci.push(at, 'stranger/zappa', 'qa', { change: '1' })
  const pullRequest = { title: 'From a fork', head: 'stranger:qa', base: 'qa' }
  await ci.api('POST', `/repos/${repository}/pulls`, pullRequest)
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

test('every recipe is tried', () => {
  const names = readdirSync(RECIPES).filter(name => !['README.md', 'zappa.md'].includes(name))
  expect(ALL_PUSHES.map(([name]) => `${name}.md`).toSorted()).toEqual(names.toSorted())
  expect(ALL_PUSHES.flatMap(([name]) => (hasArtifacts(name) ? name : []))).toEqual(['cdk', 'sam', 's3-site'])
})
