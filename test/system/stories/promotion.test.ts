import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLockHolder } from '../../../src/deploy/lock.ts'
import { readCurrent } from '../../../src/records/deployments.ts'
import { settingsKeys } from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { logOfJob } from '../../support/examples.ts'
import { lambci } from '../../support/lambci.ts'
import { roleArn } from '../../support/roles.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const onTestSystem = (args: string[], input = '') =>
  lambci([...args, '--data', join(ci.directory, 'data')], { input })

/** A repository that is tested, packed once, and deployed to `staging`, and by hand to `production`. */
const filesOf = (places: string, verify: string) => ({
  '.lambci.json': JSON.stringify({
    cmd: 'mkdir dist && head -c 100 /dev/urandom | base64 > dist/app',
    artifacts: ['dist'],
    env: { PLACES: places },
    stages: {
      master: [
        'staging',
        {
          stage: 'production',
          manual: true,
          verify,
          url: 'https://$STAGE.example.com/'.replace('$STAGE', 'www'),
        },
      ],
    },
    deploy: { cmd: 'mkdir -p $PLACES && cp dist/app $PLACES/$STAGE', artifacts: ['build'] },
  }),
})
const currentOf = (project: string, stage: string) => readCurrent(ci.system.store, { project, stage })

test('what was tested on staging is promoted by hand, with the same bytes, and verified there', async () => {
  const places = join(ci.directory, 'promoted')
  const project = 'gh/ada/promoted'
  await putJson(ci.system.store, settingsKeys(project)[1], { deployRole: roleArn('site-deploy') })
  const set = await onTestSystem(
    ['secret', 'set', 'TOKEN', 'ada/promoted', '--stage', 'production'],
    'a-secret-of-production',
  )
  expect(set.exitCode, set.stderr).toBe(0)
  const verify = 'cmp $PLACES/staging $PLACES/production; env | grep -E "^(STAGE|AWS_[AS]|TOKEN)" | sort'
  const at = await ci.write(filesOf(places, verify))
  const commit = await ci.push(at, 'ada/promoted', 'master')
  const view = await ci.ended({ project, number: 1 })
  expect(view).toMatchObject({
    status: 'passed',
    deploys: [{ stage: 'staging', status: 'succeeded' }],
    manualStages: ['production'],
  })
  expect((await ci.statuses('ada/promoted', commit)).at(-1)).toMatch(/^success .*, deployed to staging/)
  expect(await currentOf(project, 'production')).toBeNull()

  const deployed = await onTestSystem(['deploy', 'ada/promoted', 'production'])
  expect(deployed.stderr).toBe('')
  const promoted = await ci.ended({ project, number: 2 })
  expect(promoted).toMatchObject({
    status: 'passed',
    deploys: [{ stage: 'production', status: 'succeeded' }],
  })
  expect(await ci.read(join(places, 'production'))).toBe(await ci.read(join(places, 'staging')))
  // What verifies it has neither the role nor the secrets of the stage.
  expect(await logOfJob(ci, promoted, 'deploy')).toContain('▸ The deploy acts as ')
  const log = await logOfJob(ci, promoted, 'verify-deploy')
  expect(log).toMatch(/^STAGE=production\r?\nSTAGE_URL=https:\/\/www\.example\.com\/$/m)
  expect(log).not.toMatch(/^(TOKEN|AWS_A|AWS_S)/m)
})

test('a deploy that is not verified fails, and the stage is free for the next one', async () => {
  const places = join(ci.directory, 'unverified')
  const project = 'gh/ada/unverified'
  const files = JSON.parse(filesOf(places, 'exit 3')['.lambci.json'])
  const at = await ci.write({
    '.lambci.json': JSON.stringify({
      ...files,
      stages: { master: [{ stage: 'staging', verify: 'exit 3' }, 'production'] },
    }),
  })
  const commit = await ci.push(at, 'ada/unverified', 'master')
  const view = await ci.ended({ project, number: 1 })
  expect(view).toMatchObject({
    status: 'failed',
    deploys: [
      { stage: 'staging', status: 'failed' },
      { stage: 'production', status: 'cancelled' },
    ],
  })
  expect((await ci.statuses('ada/unverified', commit)).at(-1)).toMatch(
    /^failure .*deploy to staging failed: verification failed: exit 3 ended with exit code 3/,
  )
  expect(await currentOf(project, 'staging')).toMatchObject({ deployed: null, latest: { status: 'failed' } })
  expect(await readLockHolder(ci.system.store, { project, stage: 'staging' }, new Date())).toBeNull()
  expect(await currentOf(project, 'production')).toBeNull()
})
