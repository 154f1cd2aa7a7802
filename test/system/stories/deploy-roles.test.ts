import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLockHolder } from '../../../src/deploy/lock.ts'
import type { Trust } from '../../../src/model/build.ts'
import { readCurrent } from '../../../src/records/deployments.ts'
import { LEAD, settingsKeys, stageKeys } from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { logOfJob } from '../../support/examples.ts'
import { lambci } from '../../support/lambci.ts'
import { makeBuild } from '../../support/records.ts'
import { roleArn } from '../../support/roles.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

const ROLE = roleArn('site-deploy')

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const onTestSystem = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])
const ME = userInfo().username
const SHOW = 'env | grep ^AWS_ | sort'
/** The session that AWS sees, which CloudTrail names with everything that the deploy does. */
const WHO = `
const { STSClient, GetCallerIdentityCommand } = await import(\`\${process.env.MODULES}/@aws-sdk/client-sts/dist-cjs/index.js\`)
console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn)
`

test('a deploy has the credentials of its role; its tests and branch builds have none', async () => {
  const at = await ci.write({
    ...lambciJson(`${SHOW}; echo tested`, {
      stages: { '/./': 'dev' },
      deploy: `${SHOW}; node who.mjs`,
      branches: { '/./': true },
      env: {
        AWS_ENDPOINT_URL_STS: ci.system.addresses.sts,
        MODULES: join(process.cwd(), 'node_modules'),
      },
    }),
    'who.mjs': WHO,
  })
  await ci.push(at, 'ada/role', 'master')
  const view = await ci.ended({ project: 'gh/ada/role', number: 1 })
  expect(view.deploy).toMatchObject({ status: 'succeeded' })
  const [tests, deploy] = [await logOfJob(ci, view, 'build'), await logOfJob(ci, view, 'deploy')]
  expect(tests).toMatch(/^tested$/m)
  expect(tests).not.toMatch(/^AWS_(ACCESS|SECRET|SESSION)/m)
  expect(tests).not.toContain('acts as')
  expect(deploy).toContain(`▸ The deploy acts as ${ROLE}\n`)
  expect(deploy).toMatch(/^AWS_ACCESS_KEY_ID=ASIA/m)
  // Masked, like every secret.
  expect(deploy).toMatch(/^AWS_SECRET_ACCESS_KEY=\*\*\*/m)
  expect(deploy).toMatch(/^AWS_DEFAULT_REGION=us-east-1$/m)
  expect(deploy).toContain('arn:aws:sts::000000000000:assumed-role/site-deploy/ada.role+dev+1\n')

  await ci.push(at, 'ada/role', 'topic')
  const topic = await ci.ended({ project: 'gh/ada/role', number: 2 })
  expect(topic).toMatchObject({ status: 'passed', trust: 'branch', deploy: null })
})

test('no job has access to stages, and only a deploy to its role', async () => {
  // Credentials with the session policy that such a job is granted.
  const { sessionPolicyOf } = await import('../../../src/admission/session-policy.ts')
  const { STSClient, AssumeRoleCommand } = await import('@aws-sdk/client-sts')
  const { S3Client, GetObjectCommand, PutObjectCommand } = await import('@aws-sdk/client-s3')
  const { system } = ci
  const { addresses } = system
  const http = system.servers.sts.issue('arn:aws:iam::000000000000:role/lambci-http')
  const issuer = new STSClient({ endpoint: addresses.sts, region: 'us-east-1', credentials: http })
  const session = async (trust: Trust, deploys = false) => {
    const { Credentials } = await issuer.send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws:iam::000000000000:role/lambci-session',
        RoleSessionName: 'a-build',
        Policy: sessionPolicyOf(
          makeBuild({ project: 'gh/ada/role', number: 3, trust }),
          deploys ? { key: 1, attempt: 1 } : LEAD,
          `arn:aws:s3:::${addresses.bucket}`,
          { secretVariables: [], stage: deploys ? 'qa' : null, deployRole: ROLE },
        ),
      }),
    )
    const credentials = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }
    const s3 = new S3Client({
      endpoint: addresses.s3,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
    })
    const sts = new STSClient({ endpoint: addresses.sts, region: 'us-east-1', credentials })
    return { s3, sts }
  }
  const stage = stageKeys({ project: 'gh/ada/role', stage: 'dev' })
  const attempts = ({ s3, sts }: Awaited<ReturnType<typeof session>>) => [
    ...[stage.lock, stage.next, stage.current, stage.deploy(1)].flatMap(Key => [
      s3.send(new GetObjectCommand({ Bucket: addresses.bucket, Key })),
      s3.send(new PutObjectCommand({ Bucket: addresses.bucket, Key: `${Key}.mine`, Body: 'x' })),
    ]),
    sts.send(new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'mine' })),
  ]
  const statusOf = (result: PromiseSettledResult<unknown>) =>
    result.status === 'fulfilled' ? 200 : result.reason?.$metadata?.httpStatusCode
  const answers = async (trust: Trust, deploys?: boolean) =>
    (await Promise.allSettled(attempts(await session(trust, deploys)))).map(statusOf)
  const refused = Array.from({ length: 8 }, () => 403)
  for (const trust of ['fork', 'branch', 'protected'] as const)
    expect([trust, await answers(trust)]).toEqual([trust, [...refused, 403]])
  expect(await answers('protected', true)).toEqual([...refused, 200])
  // They exist: a deploy of this repository has been recorded.
  const written = await Promise.all([stage.lock, stage.current, stage.deploy(1)].map(system.store.get))
  expect(written).not.toContain(null)
})

test('a role that cannot be assumed fails the deploy with advice', async () => {
  await putJson(ci.system.store, settingsKeys('gh/ada/norole')[1], {
    deployRole: 'arn:aws:iam::000000000000:role/other',
  })
  const at = await ci.write(lambciJson('true', { stages: { master: 'dev' }, deploy: 'echo never' }))
  await ci.push(at, 'ada/norole', 'master')
  const view = await ci.ended({ project: 'gh/ada/norole', number: 1 })
  expect(view).toMatchObject({ status: 'failed', deploy: { status: 'failed' } })
  expect(view.deploy?.reason).toMatch(
    /^Role arn:aws:iam::000000000000:role\/other cannot be assumed \(AccessDenied\): add it to DeployRoles/,
  )
  expect(
    await readLockHolder(ci.system.store, { project: view.project, stage: 'dev' }, new Date()),
  ).toBeNull()
})

test('a repository cannot deploy another branch to a stage that the account has pinned', async () => {
  await putJson(ci.system.store, settingsKeys('gh/ada/pinned')[1], {
    pinnedStages: { production: { branches: ['production'] } },
  })
  const at = await ci.write(
    lambciJson('true', { stages: { '/./': 'production' }, deploy: 'true', branches: { '/./': true } }),
  )
  await ci.push(at, 'ada/pinned', 'qa')
  const refused = await ci.ended({ project: 'gh/ada/pinned', number: 1 })
  expect(refused).toMatchObject({ status: 'passed', deploy: null })
  expect(await ci.log(refused)).toContain(
    'Branch "qa" is not deployed to stage production: the account\'s settings reserve it for production.',
  )
  await ci.push(at, 'ada/pinned', 'production')
  expect((await ci.ended({ project: 'gh/ada/pinned', number: 2 })).deploy?.status).toBe('succeeded')
})

test('deploy, rollback and stages on the command line', async () => {
  const project = 'gh/ada/cli'
  const at = await ci.write(
    lambciJson('true', { stages: { master: 'dev' }, deploy: 'echo "$STAGE gets $(cat what)"' }),
  )
  const commits = [
    await ci.push(at, 'ada/cli', 'master', { what: 'one' }, 'The first'),
    await (async () => {
      await ci.ended({ project, number: 1 })
      return ci.push(at, 'ada/cli', 'master', { what: 'two' }, 'The second')
    })(),
  ]
  await ci.ended({ project, number: 2 })
  expect((await onTestSystem('stages', 'ada/cli')).stdout).toMatch(
    new RegExp(`^STAGE +COMMIT .*\\ndev +${commits[1]?.slice(0, 10)} {2}#2 .* {2}The second$`),
  )
  const back = await onTestSystem('rollback', 'ada/cli', 'dev', '--follow')
  expect(back.stdout).toContain(`Rolling back to ${commits[0]?.slice(0, 10)} (The first), deployed by #1.`)
  expect(back.stdout).toContain('dev gets one\n')
  expect(back.stdout).toContain('The next push deploys again. To prevent that: lambci hold ada/cli dev\n')
  expect(back.stdout).not.toContain('$ true')
  expect(back.exitCode).toBe(0)
  expect(await ci.ended({ project, number: 3 })).toMatchObject({
    status: 'passed',
    trigger: 'deploy/dev',
    target: { of: 1, by: ME },
    deploy: { status: 'succeeded' },
  })
  expect(await readCurrent(ci.system.store, { project, stage: 'dev' })).toMatchObject({
    deployed: { build: 3, of: 1, commit: commits[0], by: ME },
  })
  expect((await onTestSystem('stages', 'ada/cli')).stdout).toMatch(
    new RegExp(`  The first +${ME}\n +held by ${ME} since \\S+ \\S+, until a push after #3 is deployed$`),
  )
  const [deployment] = await ci.api('GET', '/repos/ada/cli/deployments')
  const [ended] = await ci.api('GET', `/repos/ada/cli/deployments/${deployment.id}/statuses`)
  expect(ended).toMatchObject({ state: 'success', description: `Requested by ${ME}` })
  expect(await (await fetch(`${ci.system.addresses.url}/gh/ada/cli/builds/3`)).text()).toContain(
    `<dt>Requested by</dt><dd>${ME}</dd>`,
  )
  // The commit's status is that of its tests, and does not change.
  expect((await ci.statuses('ada/cli', commits[0] ?? '')).at(-1)).toMatch(/^success lambci\/push: Passed/)

  const again = await onTestSystem('deploy', 'ada/cli', 'dev', '--follow')
  expect(again.stdout).toContain('dev gets two\n')
  // That is the head of its branch.
  expect((await onTestSystem('stages', 'ada/cli')).stdout).not.toContain('held')
  const chosen = await onTestSystem(
    'deploy',
    'ada/cli',
    'dev',
    '--commit',
    commits[0]?.slice(0, 8) ?? '',
    '--json',
  )
  expect(JSON.parse(chosen.stdout)).toMatchObject({ project, number: 5 })
  await ci.ended({ project, number: 5 })
  const rebuilt = await onTestSystem('rebuild', 'ada/cli#5')
  expect([rebuilt.exitCode, rebuilt.stderr]).toEqual([
    2,
    expect.stringContaining(
      `only deploys, and a rebuild repeats tests. To deploy again: lambci deploy ada/cli dev --commit ${commits[0]?.slice(0, 10)}`,
    ),
  ])
  for (const [args, message] of [
    [['deploy', 'ada/cli', 'production'], 'Found no passed build that was pushed to the stage production.'],
    [['deploy', 'ada/cli', 'Dev'], '"Dev" is not the name of a stage'],
    [['deploy', 'ada/cli', 'dev', '--commit', 'abc'], '"abc" is not a commit'],
    [['deploy', 'ada/cli', 'dev', '--build', '99'], 'There is no build #99 of ada/cli.'],
    [
      ['deploy', 'ada/cli', 'dev', '--build', '1', '--commit', 'abcdefa'],
      'give --build or --commit, not both',
    ],
    [['rollback', 'ada/cli', 'qa'], 'Nothing has been deployed to qa yet.'],
  ] as const) {
    const refused = await onTestSystem(...args)
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining(message)])
  }
  const page = await (await fetch(`${ci.system.addresses.url}/gh/ada/cli`)).text()
  expect(page.replaceAll(/<[^>]+>/g, '')).toContain(`dev ${commits[0]?.slice(0, 10)} #5`)
  expect(page).toContain(`held by ${ME} until a push after #5</p>`)
  // A later push ends that, but not the hold of a person.
  await ci.push(at, 'ada/cli', 'master', { what: 'three' }, 'The third')
  expect(await ci.ended({ project, number: 6 })).toMatchObject({ deploy: { status: 'succeeded' } })
  expect((await onTestSystem('stages', 'ada/cli')).stdout).not.toContain('held')
  const held = await onTestSystem('hold', 'ada/cli', 'dev')
  expect(held.stdout).toContain(`Stage dev of ada/cli is held by ${ME}.`)
  const silent = await onTestSystem('rollback', 'ada/cli', 'dev', '--follow')
  expect([silent.exitCode, silent.stdout]).toEqual([0, expect.not.stringContaining('The next push')])
  await ci.push(at, 'ada/cli', 'master', { what: 'four' }, 'The fourth')
  expect(await ci.ended({ project, number: 8 })).toMatchObject({
    ...{ status: 'passed', deploy: { status: 'cancelled', reason: `Held by ${ME}` } },
  })
  expect(await onTestSystem('release', 'ada/cli', 'dev')).toMatchObject({ exitCode: 0 })
  // A stage may be held before anything was deployed there.
  expect(await onTestSystem('hold', 'ada/cli', 'qa')).toMatchObject({ exitCode: 0 })
  expect((await onTestSystem('stages', 'ada/cli')).stdout).toMatch(
    new RegExp(`^qa +none\n +held by ${ME} since \\S+ \\S+$`, 'm'),
  )
  expect(await onTestSystem('stages', 'adopt', 'ada/cli', 'qa', 'master', 'hotfix')).toMatchObject({
    exitCode: 0,
  })
  // Who has requested what is on record.
  const { store } = ci.system
  const entries = await store.list(`${project}/requests/`)
  const requests = await Promise.all(
    entries.map(async ({ key }) => JSON.parse(Buffer.from((await store.get(key))?.body ?? '').toString())),
  )
  const inOrder = requests.toSorted((one, other) => one.at.localeCompare(other.at))
  expect(inOrder.map(({ kind, stage, by, build, branches }) => [kind, stage, by, build ?? branches])).toEqual(
    [
      ['rollback', 'dev', 1],
      ['deploy', 'dev', 2],
      ['deploy', 'dev', 1],
      ['hold', 'dev', null],
      ['rollback', 'dev', 1],
      ['release', 'dev', null],
      ['hold', 'qa', null],
      ['adopt', 'qa', ['master', 'hotfix']],
    ].map(([kind, stage, about]) => [kind, stage, ME, about]),
  )
})

test('a build whose tests passed is deployed by its number; one that is red is not, nor is a rebuild of its own accord', async () => {
  const project = 'gh/ada/numbers'
  const marker = join(ci.directory, 'may-deploy')
  const deploy = `test -e ${marker} && echo "dev gets $(cat what)"`
  const config = lambciJson('test "$(cat what)" != red', { stages: { master: 'dev' }, deploy })
  const at = await ci.write(config)
  await ci.push(at, 'ada/numbers', 'master', { what: 'one' })
  // Its tests have passed, and only its deploy has failed.
  expect(await ci.ended({ project, number: 1 })).toMatchObject({
    status: 'failed',
    deploy: { status: 'failed' },
  })
  const command = 'lambci deploy ada/numbers dev --build'
  expect(await onTestSystem('rebuild', 'ada/numbers#1', '--failed')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(
      `Nothing has failed in build #1 of ada/numbers but the deploy. To deploy it: ${command} 1`,
    ),
  })
  await writeFile(marker, '')
  const rebuilt = await onTestSystem('rebuild', 'ada/numbers#1', '--follow')
  expect(rebuilt.exitCode).toBe(0)
  const view = await ci.ended({ project, number: 2 })
  expect(view).toMatchObject({
    ...{ status: 'passed', rebuildOf: 1, stage: 'dev' },
    deploy: { status: 'cancelled', reason: 'A rebuild only tests' },
  })
  expect(await ci.log(view)).toContain(`To deploy it: ${command} 2\n`)
  expect(await readCurrent(ci.system.store, { project, stage: 'dev' })).toMatchObject({ deployed: null })

  await ci.push(at, 'ada/numbers', 'master', { what: 'red' })
  expect(await ci.ended({ project, number: 3 })).toMatchObject({ status: 'failed', deploy: null })
  expect(await onTestSystem('deploy', 'ada/numbers', 'dev', '--build', '3')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Build #3 of ada/numbers ended as "failed"'),
  })
  const byNumber = await onTestSystem('deploy', 'ada/numbers', 'dev', '--build', '1', '--follow')
  expect([byNumber.exitCode, byNumber.stdout]).toEqual([0, expect.stringContaining('dev gets one\n')])
  expect(await readCurrent(ci.system.store, { project, stage: 'dev' })).toMatchObject({
    deployed: { build: 4, of: 1, by: ME },
  })
})
