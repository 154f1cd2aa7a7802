import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorkingCopy, removeDirectories } from '../../../loopback/test/github/working-copy.ts'
import { settingsKeys, stageVariablesKey, variablesKeys } from '../../../src/records/keys.ts'
import { updateNamed } from '../../../src/records/repository-records.ts'
import {
  BUCKET,
  type Bucket,
  CREDENTIALS,
  openBucket,
  putJson,
  REGION,
  readJson,
} from '../../support/bucket.ts'
import { lambci } from '../../support/lambci.ts'

let bucket: Bucket
let mayList = true
beforeAll(async () => {
  bucket = await openBucket({ allows: (_, { action }) => mayList || action !== 's3:ListBucket' })
})
afterAll(async () => {
  await bucket.close()
  await removeDirectories()
})

const lambciOn = (args: readonly string[], input = '') =>
  lambci([...args, '--bucket', BUCKET], {
    input,
    env: {
      AWS_ENDPOINT_URL_S3: bucket.url,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_SESSION_TOKEN: undefined,
    },
  })
const secret = (...args: string[]) => lambciOn(['secret', ...args])
const set = (value: string, ...args: string[]) => lambciOn(['secret', 'set', ...args], value)
const storedAt = (stage: string, project = 'gh/you/site') =>
  readJson(bucket.store, stageVariablesKey({ project, stage }))

test('secrets of a stage, of every stage and of the repository are set, listed and removed, each for itself', async () => {
  expect((await set('of-production', 'API_KEY', 'You/Site', '--stage', 'production')).stdout).toBe(
    'API_KEY is set for stage production of You/Site.',
  )
  expect((await set('of-every-stage', 'API_KEY', 'you/site', '--stage', '*')).stdout).toBe(
    'API_KEY is set for every stage of you/site.',
  )
  await set('second-of-every-stage', 'PAGER_TOKEN', 'you/site', '--stage=*')
  await set('of-tests', 'API_KEY', 'you/site')
  await set('of-qa', 'API_KEY', 'you/site', '--stage', 'qa')
  await set('of-another', 'API_KEY', 'you/site2', '--stage', 'qa')
  expect(await readJson(bucket.store, variablesKeys('gh/you/site')[1])).toEqual({ API_KEY: 'of-tests' })
  expect(await storedAt('production')).toEqual({ API_KEY: 'of-production' })
  expect(await storedAt('*')).toEqual({ API_KEY: 'of-every-stage', PAGER_TOKEN: 'second-of-every-stage' })

  expect(await secret('list', 'you/site')).toEqual({
    exitCode: 0,
    stdout: [
      'NAME         ONLY FOR',
      'API_KEY',
      'API_KEY      every stage',
      'PAGER_TOKEN  every stage',
      'API_KEY      stage production',
      'API_KEY      stage qa',
    ].join('\n'),
    stderr: '',
  })
  expect((await secret('list', 'you/site', '--stage', 'qa')).stdout).toBe(
    'NAME     ONLY FOR\nAPI_KEY  stage qa',
  )
  expect(JSON.parse((await secret('list', 'you/site', '--json')).stdout)).toEqual([
    { name: 'API_KEY', stage: null },
    { name: 'API_KEY', stage: '*' },
    { name: 'PAGER_TOKEN', stage: '*' },
    { name: 'API_KEY', stage: 'production' },
    { name: 'API_KEY', stage: 'qa' },
  ])
  expect((await secret('list', 'you/site', '--stage', 'dev')).stdout).toBe(
    'There are no secrets for stage dev of you/site.',
  )

  expect((await secret('remove', 'API_KEY', 'you/site', '--stage', 'qa')).stdout).toBe(
    'API_KEY was removed for stage qa of you/site.',
  )
  expect(await secret('remove', 'API_KEY', 'you/site', '--stage', 'qa')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'lambci: There is no secret API_KEY for stage qa of you/site.',
  })
  expect((await secret('list', 'you/site', '--stage', 'qa', '--json')).stdout).toBe('[]')
  await secret('remove', 'API_KEY', 'you/site')
  expect((await secret('list', 'you/site')).stdout).toBe(
    [
      'NAME         ONLY FOR',
      'API_KEY      every stage',
      'PAGER_TOKEN  every stage',
      'API_KEY      stage production',
    ].join('\n'),
  )
  // Secrets of all repositories are of no stage.
  await set('shared', 'SHARED')
  expect((await secret('list', '--json')).stdout).toBe('["SHARED"]')
  await secret('remove', 'SHARED')
})

test('what can be no stage is refused, and a stage without a repository', async () => {
  for (const [args, message] of [
    [
      ['set', 'X', 'you/site', '--stage', 'Production'],
      /^lambci: "Production" is not the name of a stage \(lower-/,
    ],
    [['set', 'X', 'you/site', '--stage', '../qa'], /"\.\.\/qa" is not the name of a stage/],
    [
      ['set', 'X', 'you/site', '--stage', '_all'],
      /"_all" is not the name of a stage .* every stage, write --stage '\*'/,
    ],
    [['set', 'X', 'you/site', '--stage', 'qa*'], /"qa\*" is not the name of a stage/],
    [['set', 'X', 'you/site', '--stage', ''], /"" is not the name of a stage/],
    [
      ['set', 'X', '--stage', 'qa'],
      /A stage is one of a repository: name that, too, for example "you\/project"\./,
    ],
    [['list', '--stage', '*'], /A stage is one of a repository/],
    [['list', 'you/site', '--stage', 'QA'], /"QA" is not the name of a stage/],
    [['remove', 'X', '--stage', 'qa'], /A stage is one of a repository/],
    [['remove', 'X', 'you/site', '--stage', 'a b'], /"a b" is not the name of a stage/],
    [['set', 'STAGE', 'you/site', '--stage', 'qa'], /STAGE is set by the runner: choose another name/],
    [['set', 'LAMBCI_X', 'you/site', '--stage', '*'], /LAMBCI_X is set by the runner/],
    [['set', '1X', 'you/site', '--stage', 'qa'], /is not a valid variable name/],
  ] as const) {
    const { exitCode, stderr } = await lambciOn(['secret', ...args], 'value')
    expect([args, exitCode, stderr]).toEqual([args, 2, expect.stringMatching(message)])
  }
  expect(await storedAt('qa', 'gh/you/none')).toBeNull()
})

test('without the right to list the bucket, the secrets of the repository are listed, and a note says what is missing', async () => {
  // Without that right, a missing object looks like a denied one: a repository that was built has this record.
  await updateNamed(bucket.store, 'you/hidden', () => ({ id: 4711, project: 'gh/you/hidden' }))
  await set('of-tests', 'API_KEY', 'you/hidden')
  await set('of-qa', 'API_KEY', 'you/hidden', '--stage', 'qa')
  mayList = false
  const { exitCode, stdout, stderr } = await secret('list', 'you/hidden')
  const ofStage = await secret('list', 'you/hidden', '--stage', 'qa')
  mayList = true
  expect([exitCode, stdout]).toEqual([0, 'API_KEY'])
  expect(stderr).toContain('so secrets of stages are missing here. Name a stage with --stage.\n')
  expect(ofStage.stdout).toBe('NAME     ONLY FOR\nAPI_KEY  stage qa')
})

test('a misspelled secret of a stage is named, with the key that is read', async () => {
  await putJson(bucket.store, 'secrets/env/gh/You/Spelt/stages/QA.json', { API_KEY: 'by-hand' })
  const { stdout, stderr } = await secret('list', 'you/spelt')
  await bucket.store.remove('secrets/env/gh/You/Spelt/stages/QA.json')
  expect([stdout, stderr]).toEqual([
    'There are no secrets for you/spelt.',
    'Note: secrets/env/gh/You/Spelt/stages/QA.json in the bucket is not read: move it to secrets/env/gh/you/spelt/qa.json, or remove it.',
  ])
})

test('plan names the secrets that only the deploy gets', async () => {
  await putJson(bucket.store, settingsKeys('')[0], { allow: ['you'], deployBranches: ['main'] })
  await putJson(bucket.store, variablesKeys('gh/you/planned')[1], { NPM_TOKEN: 'never-shown' })
  for (const [stage, name] of [
    ['production', 'API_KEY'],
    ['*', 'PAGER_TOKEN'],
    ['qa', 'QA_KEY'],
  ] as const)
    await putJson(bucket.store, stageVariablesKey({ project: 'gh/you/planned', stage }), {
      [name]: 'never-shown',
    })
  const { directory, commit } = await makeWorkingCopy('git@github.com:you/planned.git')
  const file = { jobs: { unit: 'make test' }, stages: { main: 'production' }, deploy: 'make deploy' }
  await commit('Configure', '.lambci.json', JSON.stringify(file))
  const onMain = await lambciOn(['plan', directory, '--branch', 'main'])
  const onTopic = await lambciOn(['plan', directory, '--branch', 'topic'])
  expect([onMain.exitCode, onMain.stderr]).toEqual([0, ''])
  expect(onMain.stdout).toMatch(/^ +Secrets: NPM_TOKEN$/m)
  expect(onMain.stdout).toMatch(
    /^Note +The deploy alone gets the secrets of stage production: API_KEY, PAGER_TOKEN\.$/m,
  )
  expect(onTopic.stdout).not.toContain('PAGER_TOKEN')
  expect(onMain.stdout + onTopic.stdout).not.toContain('never-shown')
})
