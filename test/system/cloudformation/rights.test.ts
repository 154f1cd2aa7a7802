import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AccessRequest } from '../../../loopback/iam/access.ts'
import { decide, isAllowed, type Principal } from '../../../loopback/iam/evaluate.ts'
import { policySchema } from '../../../loopback/iam/policy.ts'
import { readStack } from '../../../loopback/system/stack.ts'
import { readTemplate } from '../../../loopback/system/template.ts'
import { probePolicyOf } from '../../../src/admission/probe.ts'
import { type SessionGrants, sessionPolicyOf } from '../../../src/admission/session-policy.ts'
import type { Trust } from '../../../src/model/build.ts'
import { cachePlaces } from '../../../src/records/cache-keys.ts'
import {
  type BuildRef,
  branchKey,
  buildKeys,
  commitKey,
  counterKey,
  deliveryKey,
  deliveryOf,
  JOB_RECORDS,
  type JobRef,
  jobKeys,
  keptPrefix,
  LEAD,
  outPrefix,
  repositoryIdKey,
  repositoryKey,
  requestKey,
  runningKey,
  sharedCommitsKey,
  spendKeys,
  stageVariablesKey,
  testHistoryKey,
  timingsKey,
  triggerKey,
  variablesKeys,
} from '../../../src/records/keys.ts'
import { probeAnswerKey, probeRequestKey } from '../../../src/records/probe.ts'
import { makeBuild, PULL } from '../../support/records.ts'

const ACCOUNT = '123456789012'
const DEPLOY_ROLE = `arn:aws:iam::${ACCOUNT}:role/deployer`
const JOB_ROLE = `arn:aws:iam::${ACCOUNT}:role/integration`
const LISTED_TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:team`
const template = await readTemplate({
  stack: 'lambci',
  account: ACCOUNT,
  region: 'us-east-1',
  parameters: {
    ArtifactBucket: 'artifacts',
    HttpBundle: 'http.zip',
    ReportBundle: 'report.zip',
    BuildImage: `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/lambci:1`,
    DeployRoles: DEPLOY_ROLE,
    JobRoles: JOB_ROLE,
    NotificationTopics: LISTED_TOPIC,
  },
})
const { roles, bucket } = readStack(template, ACCOUNT)

const BUCKET = `arn:aws:s3:::lambci-${ACCOUNT}-us-east-1`
const PROJECT = 'gh/ada/web'
const regional = (service: string, rest: string) => `arn:aws:${service}:us-east-1:${ACCOUNT}:${rest}`
const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/lambci-${name}`

/** The job that deploys a build of one other job. */
const DEPLOY = { key: 1, attempt: 1 }
const jobOf = (trust: Trust) => makeBuild({ project: PROJECT, ...(trust === 'protected' ? {} : PULL), trust })
const branchCaches = cachePlaces(jobOf('branch')).map(({ prefix }) => `${prefix}npm`)
const protectedCaches = cachePlaces(jobOf('protected'))
const otherProtected = cachePlaces({ ...jobOf('protected'), trigger: 'push/side', branch: 'side' })
const otherBranch = cachePlaces(makeBuild({ trust: 'branch', trigger: 'push/side', branch: 'side' }))

function principal(role: string, trust?: Trust, more: Partial<SessionGrants> = {}): Principal {
  const found = roles.find(({ name }) => name === `lambci-${role}`)
  if (!found) throw new Error(`The template has no role ${role}`)
  const grants = {
    secretVariables: trust === 'fork' ? [] : variablesKeys(PROJECT),
    // Only to a deploy it means something.
    deployRole: DEPLOY_ROLE,
    ...more,
  }
  const job = more.stage ? DEPLOY : LEAD
  const policy = trust && sessionPolicyOf(jobOf(trust), job, BUCKET, grants)
  const session = policy && policySchema.parse(JSON.parse(policy))
  return { arn: found.arn, policies: found.policies, ...(session && { session }) }
}

/** All principals: the functions with their roles, and the jobs of each trust level with their session policy. */
const PRINCIPALS: readonly [string, Principal][] = [
  ['http', principal('http')],
  ['report', principal('report')],
  ['run-fork', principal('run-fork')],
  ['run-branch', principal('run-branch')],
  ['run-protected', principal('run-protected')],
  ['run-deploy', principal('run-deploy')],
  ['scheduler', principal('scheduler')],
  ['fork job', principal('session', 'fork')],
  ['branch job', principal('session', 'branch')],
  ['protected job', principal('session', 'protected')],
  ['deploy job', principal('session', 'protected', { stage: 'qa' })],
]

const may = (who: Principal, request: AccessRequest) => {
  const tlsRequest = { ...request, context: { 'aws:SecureTransport': 'true', ...request.context } }
  return isAllowed(who, tlsRequest) && (!bucket.policy || decide(bucket.policy, who, tlsRequest) !== 'deny')
}

const own = buildKeys({ project: PROJECT, number: 7 })
const another = buildKeys({ project: PROJECT, number: 8 })
const [ownJob, anotherJob] = [
  jobKeys({ project: PROJECT, number: 7 }),
  jobKeys({ project: PROJECT, number: 8 }),
]
const deployJob = jobKeys({ project: PROJECT, number: 7 }, DEPLOY)
const strangerJob = jobKeys({ project: 'gh/eve/web', number: 7 })

/** All kinds of objects in the bucket (docs/bucket.md). The jobs belong to build #7 of gh/ada/web. */
const OBJECTS: readonly [string, string][] = [
  ['deliveries/<id>/<guid>.json', deliveryKey(deliveryOf({ repositoryId: 4711 }, '0b4e-77'))],
  ['repositories/<id>.json', repositoryIdKey(4711)],
  ['repository.json', repositoryKey(PROJECT)],
  ['counter.json', counterKey(PROJECT)],
  ['builds/7/build.json', own.build],
  ['jobs/0/1/end.json', ownJob.record('end')],
  ['builds/7/plan.json', own.plan],
  ['builds/7/report.json', own.report],
  ['running.json', runningKey(PROJECT)],
  ['requests/<id>.json', requestKey(PROJECT, '0b4e-77')],
  ['out: own attempt', `${outPrefix({ project: PROJECT, number: 7 }, LEAD)}artifacts.json`],
  ['out: own archive', `${outPrefix({ project: PROJECT, number: 7 }, LEAD)}artifacts/dist/1.tar.zst`],
  ['out: own tests', `${outPrefix({ project: PROJECT, number: 7 }, LEAD)}tests.json`],
  ['out: own, anything else', `${outPrefix({ project: PROJECT, number: 7 }, LEAD)}artifacts/dist.txt`],
  ['out: another job', `${outPrefix({ project: PROJECT, number: 7 }, { key: 1, attempt: 1 })}artifacts.json`],
  ['out: another build', `${outPrefix({ project: PROJECT, number: 8 }, LEAD)}artifacts.json`],
  ['builds/7/cancel.json', own.cancel],
  ['builds/7/approve.json', own.approve],
  ['builds/7/gone.json', own.gone],
  ['jobs/0/1/log/<byte>.txt', ownJob.log.segment(0)],
  ['builds/7/log.txt', own.log],
  ['jobs/0/1/lines.json', ownJob.log.lines],
  ['jobs/0/1/log.txt', ownJob.log.whole],
  ['jobs/0/1/<any>.json', `${ownJob.prefix}other.json`],
  ['jobs/0/1/<any>/end.json', `${ownJob.prefix}x/end.json`],
  ['jobs/0/1//end.json', `${ownJob.prefix}/end.json`],
  ['jobs/0/1/x/2/end.json', `${ownJob.prefix}x/2/end.json`],
  ['jobs/0/1/<any>/claim.json', `${ownJob.prefix}junk/claim.json`],
  ['jobs/0/1/log/<any>', `${ownJob.log.prefix}junk-1`],
  ['jobs/0/1/log/<any>.txt', `${ownJob.log.prefix}1.txt`],
  ['jobs/0/1/log/<any>/end.json', `${ownJob.log.prefix}x/end.json`],
  ['jobs/0/1/log/<any>/<byte>.txt', `${ownJob.log.prefix}x/000000000000.txt`],
  ['jobs/0/1/log/a/<any>.txt', `${ownJob.log.prefix}a/0000000000.txt`],
  ['jobs/0/2/end.json', jobKeys({ project: PROJECT, number: 7 }, { key: 0, attempt: 2 }).record('end')],
  ['jobs/1/1/end.json', deployJob.record('end')],
  ['jobs/1/2/end.json', jobKeys({ project: PROJECT, number: 7 }, { key: 1, attempt: 2 }).record('end')],
  ['jobs/1/1/log.txt', deployJob.log.whole],
  ['jobs/10/1/end.json', jobKeys({ project: PROJECT, number: 7 }, { key: 10, attempt: 1 }).record('end')],
  ['builds/8/build.json', another.build],
  ['8: jobs/0/1/end.json', anotherJob.record('end')],
  ['builds/8/report.json', another.report],
  ['builds/8/cancel.json', another.cancel],
  ['builds/8/gone.json', another.gone],
  ['8: jobs/0/1/log/<byte>.txt', anotherJob.log.segment(0)],
  ['8: jobs/0/1/log.txt', anotherJob.log.whole],
  ['70: jobs/0/1/end.json', jobKeys({ project: PROJECT, number: 70 }).record('end')],
  ['triggers/<trigger>.json', triggerKey({ project: PROJECT, trigger: 'push/feature/x' })],
  ['branches/<branch>.json', branchKey(PROJECT, 'feature/x')],
  ['commits/<sha>.json', commitKey(PROJECT, 'a'.repeat(40))],
  ['shared-commits/<trigger>', sharedCommitsKey({ project: PROJECT, trigger: 'push/feature/x' })],
  ['tests/<branch>.json', testHistoryKey(PROJECT, 'feature/x')],
  ['spend/<month>.json', spendKeys.month(PROJECT, '2026-11')],
  ['timings/<job>.json', timingsKey(PROJECT, 'unit')],
  ['stages/qa/lock.json', `${PROJECT}/stages/qa/lock.json`],
  ['stages/qa/next.json', `${PROJECT}/stages/qa/next.json`],
  ['stages/qa/current.json', `${PROJECT}/stages/qa/current.json`],
  ['stages/qa/deploys/7.json', `${PROJECT}/stages/qa/deploys/7.json`],
  ['stages/qa/artifacts.json', `${PROJECT}/stages/qa/artifacts.json`],
  ['stages/qa/artifacts/7/…', `${keptPrefix({ project: PROJECT, stage: 'qa' }, { ...LEAD, build: 7 })}x`],
  ['cache/fork/<key>', `cache/${PROJECT}/fork/npm`],
  ['cache/branch/own/<key>', branchCaches[0] ?? ''],
  ['cache/branch/base/<key>', branchCaches[1] ?? ''],
  ['cache/branch/another/<key>', `${otherBranch[0]?.prefix}npm`],
  ['cache/protected/own/<key>', `${protectedCaches[0]?.prefix}npm`],
  ['cache/protected/other/<key>', `${otherProtected[0]?.prefix}npm`],
  ['cache/deploy/qa/<key>', `cache/${PROJECT}/deploy/qa/npm`],
  ['cache/deploy/qa2/<key>', `cache/${PROJECT}/deploy/qa2/npm`],
  ['config/global.json', 'config/global.json'],
  ['config/gh/ada/web.json', 'config/gh/ada/web.json'],
  ['secrets/runner.json', 'secrets/runner.json'],
  ['secrets/env/global.json', variablesKeys(PROJECT)[0]],
  ['secrets/env/gh/ada/web.json', variablesKeys(PROJECT)[1]],
  ['secrets/env/…/web/_all.json', stageVariablesKey({ project: PROJECT, stage: '*' })],
  ['secrets/env/…/web/qa.json', stageVariablesKey({ project: PROJECT, stage: 'qa' })],
  ['another: counter.json', counterKey('gh/eve/web')],
  ['another: triggers/<trigger>', triggerKey({ project: 'gh/eve/web', trigger: 'pr/7' })],
  ['another: jobs/0/1/end.json', strangerJob.record('end')],
  ['another: log.txt', strangerJob.log.whole],
  ['another: commits/<sha>.json', commitKey('gh/eve/web', 'a'.repeat(40))],
  ['another: cache/branch/<key>', 'cache/gh/eve/web/branch/npm'],
  ['another: stages/qa/lock.json', 'gh/eve/web/stages/qa/lock.json'],
  ['another: secrets/env', 'secrets/env/gh/eve/web.json'],
  ['longer name: end.json', jobKeys({ project: 'gh/ada/web2', number: 7 }).record('end')],
  ['self-test/<id>/request.json', probeRequestKey('0'.repeat(32))],
  ['self-test/<id>/<trust>.json', probeAnswerKey('0'.repeat(32), 'fork')],
  ['anything else', 'index.html'],
]

const letters = (who: Principal, key: string) => {
  const resource = `${BUCKET}/${key}`
  const allowed = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'].map(action =>
    may(who, { action, resource }),
  )
  return ['R', 'W', 'D'].filter((_, index) => allowed[index]).join('') || '·'
}

const table = (rows: readonly (readonly [string, readonly string[]])[]) => {
  const width = Math.max(...rows.map(([label]) => label.length)) + 1
  const line = (label: string, cells: readonly string[]) =>
    [
      label.padEnd(width),
      ...cells.map((cell, index) => cell.padEnd((PRINCIPALS[index]?.[0].length ?? 0) + 1)),
    ]
      .join(' ')
      .trimEnd()
  return [
    line(
      '',
      PRINCIPALS.map(([name]) => name),
    ),
    ...rows.map(([label, cells]) => line(label, cells)),
  ].join('\n')
}

test('the right to read (R), write (W) and delete (D) each object is exactly as in the table', () => {
  const rows = OBJECTS.map(([label, key]) => [label, PRINCIPALS.map(([, who]) => letters(who, key))] as const)
  const shown = table(rows)
  console.log(`${shown}\n`)
  expect(`\n${shown}\n`).toBe(EXPECTED_OBJECTS)
})

test('a self-test in one function writes its own answer, and reaches nothing else', () => {
  const [id, other] = ['0'.repeat(32), '1'.repeat(32)]
  const session = policySchema.parse(JSON.parse(probePolicyOf(BUCKET, id, 'fork')))
  const who = { ...principal('session'), session }
  expect(letters(who, probeAnswerKey(id, 'fork'))).toBe('W')
  const foreign = [probeAnswerKey(id, 'deploy'), probeAnswerKey(other, 'fork'), probeRequestKey(id)]
  for (const key of [...foreign, ...OBJECTS.map(([, each]) => each)].filter(
    each => each !== probeAnswerKey(id, 'fork'),
  ))
    expect(letters(who, key), key).toBe('·')
})

test('a job cannot change its records or its log, nor write objects that report cannot read', () => {
  const creates = { 's3:ObjectCreationOperation': 'true' }
  const mayWrite = (role: string, key: string, context: Record<string, string>) => {
    const who = PRINCIPALS.find(([name]) => name === role)?.[1]
    if (!who) throw new Error(`There is no ${role}`)
    return may(who, { action: 's3:PutObject', resource: `${BUCKET}/${key}`, context })
  }
  for (const role of ['fork job', 'branch job', 'protected job', 'deploy job']) {
    const { record, log } = role === 'deploy job' ? deployJob : ownJob
    for (const key of [...JOB_RECORDS.map(record), log.whole, log.segment(0)]) {
      expect(mayWrite(role, key, { ...creates, 's3:if-none-match': '*' })).toBe(true)
      expect(mayWrite(role, key, creates)).toBe(false)
      expect(mayWrite(role, key, { ...creates, 's3:if-match': '"an-etag"' })).toBe(false)
      // A part of an upload, which only its completion makes an object.
      expect(mayWrite(role, key, { 's3:ObjectCreationOperation': 'false' })).toBe(true)
    }
  }
  // The index of lines grows with the log.
  expect(mayWrite('branch job', ownJob.log.lines, creates)).toBe(true)
  const standard = { ...creates, 's3:if-none-match': '*', 's3:x-amz-storage-class': 'STANDARD' }
  expect(mayWrite('branch job', ownJob.record('end'), standard)).toBe(true)
  for (const [name, value] of [
    ['s3:x-amz-storage-class', 'GLACIER'],
    ['s3:x-amz-server-side-encryption', 'aws:kms'],
    ['s3:x-amz-server-side-encryption-customer-algorithm', 'AES256'],
  ] as const)
    for (const key of [ownJob.record('end'), branchCaches[0] ?? ''])
      expect(mayWrite('branch job', key, { ...creates, [name]: value })).toBe(false)
  // Report completes the logs of jobs that died.
  expect(mayWrite('report', ownJob.log.whole, creates)).toBe(true)
})

type Names = {
  /** Which names a job may write, and no others. */
  allowed: RegExp
  /** Some of these. */
  own: readonly string[]
  /** Others are made of these, with slashes between them. */
  parts: readonly string[]
  projects: readonly string[]
  prefixOf: (build: BuildRef, job: JobRef) => string
}

/** Tries names below a prefix of a job, of which it may write those that are allowed, each once. */
function expectOnly({ allowed, own, parts, projects, prefixOf }: Names): void {
  const others = fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 6 }).map(all => all.join('/'))
  const names = fc.oneof({ arbitrary: fc.constantFrom(...own), weight: 1 }, { arbitrary: others, weight: 6 })
  const found = new Set<string>()
  fc.assert(
    fc.property(names, fc.constantFrom(...projects), fc.constantFrom(0, 3, 255), (name, project, key) => {
      const job = { key, attempt: 1 }
      const session = sessionPolicyOf(makeBuild({ project }), job, BUCKET, { secretVariables: [] })
      const who = { ...principal('session'), session: policySchema.parse(JSON.parse(session)) }
      const resource = `${BUCKET}/${prefixOf({ project, number: 7 }, job)}${name}`
      const context = { 's3:ObjectCreationOperation': 'true', 's3:if-none-match': '*' }
      const isWritten = may(who, { action: 's3:PutObject', resource, context })
      expect([project, name, isWritten]).toEqual([project, name, allowed.test(name)])
      if (isWritten) found.add(name)
    }),
    { numRuns: 3000 },
  )
  expect([...found]).toEqual(expect.arrayContaining([...own]))
}

test('a job can write nothing but its records and the pieces of its log, whatever its repository and its keys are called', () =>
  expectOnly({
    allowed: /^(?:(?:claim|draft|end)\.json|log\.txt|log\/[^/]{12}\.txt|log\/lines\.json)$/,
    own: ['claim.json', 'draft.json', 'end.json', 'log.txt', 'log/lines.json', 'log/000000000000.txt'],
    parts: [
      ...['claim.json', 'draft.json', 'end.json', 'cancel.json', 'gone.json', 'log.txt', 'lines.json', 'log'],
      ...['000000000000.txt', 'abcdefghijkl.txt', '1.txt', 'a', '1', '', 'jobs', 'builds', 'gh', 'junk'],
    ],
    projects: ['gh/ada/web', 'gh/builds/jobs', 'gh/jobs/builds', 'gh/ada/jobs', 'gh/out/log'],
    prefixOf: (build, job) => jobKeys(build, job).prefix,
  }))

test('a job can store nothing but archives, their list and test results, at one depth, whatever its repository and its keys are called', () =>
  expectOnly({
    allowed: /^(?:tests\.json|artifacts(?:\.json|\/[^/]*(?:\/[^/]*)?\.tar\.zst))$/,
    own: ['artifacts.json', 'tests.json', 'artifacts/dist.tar.zst', 'artifacts/artifacts/2.tar.zst'],
    parts: [
      ...['artifacts.json', 'artifacts', 'dist.tar.zst', '.tar.zst', '2.tar.zst', 'dist', 'tests.json'],
      ...['1', 'a', '', '3', 'out', 'gh', 'junk', 'x'.repeat(900)],
    ],
    projects: ['gh/ada/web', 'gh/a/artifacts', 'gh/artifacts/a', 'gh/out/1', 'gh/a/b'],
    prefixOf: outPrefix,
  }))

const schedule = regional('scheduler', 'schedule/lambci/0123-7')
const passes = (service: string) => ({ 'iam:PassedToService': service })

/** All other actions that some principal is allowed, and similar ones that none is. */
const ACTIONS: readonly [string, AccessRequest][] = [
  ['list the bucket', { action: 's3:ListBucket', resource: BUCKET }],
  ['delete the bucket', { action: 's3:DeleteBucket', resource: BUCKET }],
  ['change its policy', { action: 's3:PutBucketPolicy', resource: BUCKET }],
  ['list another bucket', { action: 's3:ListBucket', resource: 'arn:aws:s3:::artifacts' }],
  ['publish to jobs', { action: 'sns:Publish', resource: regional('sns', 'lambci-jobs') }],
  ['publish to failures', { action: 'sns:Publish', resource: regional('sns', 'lambci-failures') }],
  [
    'the same, from a sandbox',
    {
      action: 'sns:Publish',
      resource: regional('sns', 'lambci-failures'),
      context: { 'lambda:SourceFunctionArn': regional('lambda', 'function:lambci-run-fork') },
    },
  ],
  ['publish notifications', { action: 'sns:Publish', resource: regional('sns', 'lambci-notifications') }],
  ['publish to a listed topic', { action: 'sns:Publish', resource: LISTED_TOPIC }],
  ['publish to another', { action: 'sns:Publish', resource: regional('sns', 'payroll') }],
  ['subscribe to jobs', { action: 'sns:Subscribe', resource: regional('sns', 'lambci-jobs') }],
  ['set a switch', { action: 'scheduler:CreateSchedule', resource: schedule }],
  ['clear a switch', { action: 'scheduler:DeleteSchedule', resource: schedule }],
  [
    "another group's switch",
    { action: 'scheduler:CreateSchedule', resource: regional('scheduler', 'schedule/default/x') },
  ],
  [
    'pass the scheduler role to it',
    { action: 'iam:PassRole', resource: roleArn('scheduler'), context: passes('scheduler.amazonaws.com') },
  ],
  [
    'pass it to Lambda',
    { action: 'iam:PassRole', resource: roleArn('scheduler'), context: passes('lambda.amazonaws.com') },
  ],
  [
    'pass the http role on',
    { action: 'iam:PassRole', resource: roleArn('http'), context: passes('scheduler.amazonaws.com') },
  ],
  ['issue job credentials', { action: 'sts:AssumeRole', resource: roleArn('session') }],
  ['assume the http role', { action: 'sts:AssumeRole', resource: roleArn('http') }],
  ['assume a listed deploy role', { action: 'sts:AssumeRole', resource: DEPLOY_ROLE }],
  ['assume another role', { action: 'sts:AssumeRole', resource: `arn:aws:iam::${ACCOUNT}:role/admin` }],
  [
    'invoke report',
    { action: 'lambda:InvokeFunction', resource: regional('lambda', 'function:lambci-report') },
  ],
  ...['fork', 'branch', 'protected', 'deploy'].map((trust): [string, AccessRequest] => [
    `invoke run-${trust}`,
    { action: 'lambda:InvokeFunction', resource: regional('lambda', `function:lambci-run-${trust}`) },
  ]),
  ['invoke http', { action: 'lambda:InvokeFunction', resource: regional('lambda', 'function:lambci-http') }],
]

test('every other right is exactly as in the table', () => {
  const rows = ACTIONS.map(
    ([label, request]) => [label, PRINCIPALS.map(([, who]) => (may(who, request) ? 'yes' : '·'))] as const,
  )
  const shown = table(rows)
  console.log(`${shown}\n`)
  expect(`\n${shown}\n`).toBe(EXPECTED_ACTIONS)
})

test('only a job that was given a listed role may assume it, and no role of deploys with it', () => {
  const mayAssume = (who: Principal) =>
    [JOB_ROLE, DEPLOY_ROLE, roleArn('session')].map(resource =>
      may(who, { action: 'sts:AssumeRole', resource }),
    )
  const grants = { jobRole: JOB_ROLE }
  for (const trust of ['branch', 'protected'] as const)
    expect(mayAssume(principal('session', trust, grants))).toEqual([true, false, false])
  expect(mayAssume(principal('session', 'fork', grants))).toEqual([false, false, false])
  const unlisted = { jobRole: `arn:aws:iam::${ACCOUNT}:role/admin` }
  const resource = unlisted.jobRole
  expect(may(principal('session', 'protected', unlisted), { action: 'sts:AssumeRole', resource })).toBe(false)
  for (const [name, who] of PRINCIPALS) expect([name, mayAssume(who)[0]]).toEqual([name, false])
  // Nor does a deploy get another role than its own, or one that the stack has not for deploys.
  const deploy = { ...grants, stage: 'qa' }
  expect(mayAssume(principal('session', 'protected', deploy))).toEqual([false, true, false])
  for (const deployRole of [resource, `arn:aws:iam::${ACCOUNT}:role/deployer-of-another`, null]) {
    const who = principal('session', 'protected', { ...deploy, deployRole })
    expect(mayAssume(who)).toEqual([false, false, false])
    expect(may(who, { action: 'sts:AssumeRole', resource: deployRole ?? resource })).toBe(false)
  }
  // Report must know them: it grants none of them to a job.
  expect(JSON.stringify(template.resources.find(({ id }) => id === 'ReportFunction'))).toContain(
    `"LAMBCI_DEPLOY_ROLES":"${DEPLOY_ROLE}"`,
  )
})

test('the lead of a build reads how long the test files of its own repository take, whatever its trust, and writes nothing there', () => {
  for (const trust of ['fork', 'branch', 'protected'] as const) {
    const who = principal('session', trust, { plans: true })
    const mayDo = (action: string, project: string) =>
      may(who, { action, resource: `${BUCKET}/${timingsKey(project, 'unit')}` })
    expect([mayDo('s3:GetObject', PROJECT), mayDo('s3:GetObject', 'gh/ada/web2')]).toEqual([true, false])
    expect(mayDo('s3:PutObject', PROJECT)).toBe(false)
  }
})

test('a deploy by hand reads what its stage keeps of the builds that it refers to, and neither writes there nor reads anything else of a stage', () => {
  const kept = { stage: 'qa', builds: [3, 8] }
  const who = principal('session', 'protected', { stage: 'qa', kept })
  const keyOf = (stage: string, build: number, project = PROJECT) =>
    `${keptPrefix({ project, stage }, { key: 1, attempt: 1, build })}artifacts/dist.tar.zst`
  expect([3, 7, 8, 30, 80].map(build => letters(who, keyOf('qa', build)))).toEqual(['R', '·', 'R', '·', '·'])
  for (const key of [
    ...[
      keyOf('production', 3),
      keyOf('qa', 3, 'gh/eve/web'),
      `${outPrefix({ project: PROJECT, number: 3 }, LEAD)}artifacts.json`,
    ],
    ...['artifacts.json', 'current.json', 'lock.json', 'deploys/3.json'].map(
      name => `${PROJECT}/stages/qa/${name}`,
    ),
  ])
    expect(letters(who, key)).toBe('·')
  // To no job but a deploy it means something.
  for (const trust of ['fork', 'branch', 'protected'] as const)
    expect(letters(principal('session', trust, { kept }), keyOf('qa', 3))).toBe('·')
})

test('a job of a retry reads the artifacts of the builds that it refers to, and neither writes there nor reads anything else of them', () => {
  for (const trust of ['fork', 'branch', 'protected'] as const) {
    const who = principal('session', trust, { readsArtifacts: true, retriedBuilds: [3, 8] })
    const rights = [3, 7, 8, 9, 30, 80].map(number =>
      letters(who, `${outPrefix({ project: PROJECT, number }, { key: 1, attempt: 1 })}artifacts.json`),
    )
    expect(rights).toEqual(['R', 'R', 'R', '·', '·', '·'])
    for (const key of [another.build, another.report, anotherJob.record('end'), anotherJob.log.whole])
      expect(letters(who, key)).toBe('·')
    expect(letters(who, `${outPrefix({ project: 'gh/eve/web', number: 8 }, LEAD)}artifacts.json`)).toBe('·')
  }
})

test('no principal may do anything else to any object', () => {
  const others = [
    'PutObjectAcl',
    'PutObjectTagging',
    'DeleteObjectVersion',
    'GetObjectVersion',
    'RestoreObject',
  ]
  for (const [name, who] of PRINCIPALS)
    for (const [label, key] of OBJECTS)
      for (const action of others)
        expect(may(who, { action: `s3:${action}`, resource: `${BUCKET}/${key}` }), `${name}: ${label}`).toBe(
          false,
        )
})

test('each function may write only its own log, and jobs none', () => {
  for (const [name, who] of PRINCIPALS) {
    const logs = ['http', 'report', 'run-fork', 'run-branch', 'run-protected', 'run-deploy']
    const allowed = logs.filter(each =>
      may(who, {
        action: 'logs:PutLogEvents',
        resource: regional('logs', `log-group:/aws/lambda/lambci-${each}:log-stream:2026/11/21/[$LATEST]x`),
      }),
    )
    expect(allowed).toEqual(logs.includes(name) ? [name] : [])
  }
})

test('without TLS no principal may read anything', () => {
  const request = { action: 's3:GetObject', resource: `${BUCKET}/${own.build}` }
  const plainRequest = { ...request, context: { 'aws:SecureTransport': 'false' } }
  for (const [, who] of PRINCIPALS)
    expect(bucket.policy && decide(bucket.policy, who, plainRequest)).toBe('deny')
})

const EXPECTED_OBJECTS = `
                               http  report  run-fork  run-branch  run-protected  run-deploy  scheduler  fork job  branch job  protected job  deploy job
deliveries/<id>/<guid>.json    RW    ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
repositories/<id>.json         RW    R       ·         ·           ·              ·           ·          ·         ·           ·              ·
repository.json                RW    ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
counter.json                   RW    R       ·         ·           ·              ·           ·          ·         ·           ·              ·
builds/7/build.json            RW    R       ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/end.json              R     R       ·         ·           ·              ·           ·          RW        RW          RW             ·
builds/7/plan.json             R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
builds/7/report.json           R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
running.json                   ·     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
requests/<id>.json             RW    ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
out: own attempt               ·     RD      ·         ·           ·              ·           ·          RW        RW          RW             ·
out: own archive               R     RD      ·         ·           ·              ·           ·          RW        RW          RW             ·
out: own tests                 R     RD      ·         ·           ·              ·           ·          RW        RW          RW             ·
out: own, anything else        ·     RD      ·         ·           ·              ·           ·          ·         ·           ·              ·
out: another job               ·     RD      ·         ·           ·              ·           ·          ·         ·           ·              ·
out: another build             ·     RD      ·         ·           ·              ·           ·          ·         ·           ·              ·
builds/7/cancel.json           RW    RW      ·         ·           ·              ·           ·          R         R           R              R
builds/7/approve.json          ·     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
builds/7/gone.json             W     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/log/<byte>.txt        R     RD      ·         ·           ·              ·           ·          RW        RW          RW             ·
builds/7/log.txt               R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/lines.json            R     RD      ·         ·           ·              ·           ·          RW        RW          RW             ·
jobs/0/1/log.txt               R     RW      ·         ·           ·              ·           ·          RW        RW          RW             ·
jobs/0/1/<any>.json            R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/<any>/end.json        R     R       ·         ·           ·              ·           ·          R         R           R              ·
jobs/0/1//end.json             R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/x/2/end.json          R     R       ·         ·           ·              ·           ·          R         R           R              ·
jobs/0/1/<any>/claim.json      R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/log/<any>             R     RD      ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/log/<any>.txt         R     RD      ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/log/<any>/end.json    R     RD      ·         ·           ·              ·           ·          R         R           R              ·
jobs/0/1/log/<any>/<byte>.txt  R     RD      ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/0/1/log/a/<any>.txt       R     RD      ·         ·           ·              ·           ·          R         R           R              ·
jobs/0/2/end.json              R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/1/1/end.json              R     R       ·         ·           ·              ·           ·          ·         ·           ·              RW
jobs/1/2/end.json              R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
jobs/1/1/log.txt               R     RW      ·         ·           ·              ·           ·          ·         ·           ·              RW
jobs/10/1/end.json             R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
builds/8/build.json            RW    R       ·         ·           ·              ·           ·          ·         ·           ·              ·
8: jobs/0/1/end.json           R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
builds/8/report.json           R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
builds/8/cancel.json           RW    RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
builds/8/gone.json             W     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
8: jobs/0/1/log/<byte>.txt     R     RD      ·         ·           ·              ·           ·          ·         ·           ·              ·
8: jobs/0/1/log.txt            R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
70: jobs/0/1/end.json          R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
triggers/<trigger>.json        RW    R       ·         ·           ·              ·           ·          ·         ·           ·              ·
branches/<branch>.json         R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
commits/<sha>.json             ·     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
shared-commits/<trigger>       ·     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
tests/<branch>.json            ·     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
spend/<month>.json             R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
timings/<job>.json             ·     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
stages/qa/lock.json            R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
stages/qa/next.json            R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
stages/qa/current.json         R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
stages/qa/deploys/7.json       R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
stages/qa/artifacts.json       R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
stages/qa/artifacts/7/…        ·     RWD     ·         ·           ·              ·           ·          ·         ·           ·              ·
cache/fork/<key>               ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
cache/branch/own/<key>         ·     ·       ·         ·           ·              ·           ·          ·         RW          ·              ·
cache/branch/base/<key>        ·     ·       ·         ·           ·              ·           ·          ·         R           ·              ·
cache/branch/another/<key>     ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
cache/protected/own/<key>      ·     ·       ·         ·           ·              ·           ·          ·         R           RW             ·
cache/protected/other/<key>    ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
cache/deploy/qa/<key>          ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              RW
cache/deploy/qa2/<key>         ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
config/global.json             R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
config/gh/ada/web.json         R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
secrets/runner.json            R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
secrets/env/global.json        ·     ·       ·         ·           ·              ·           ·          ·         R           R              R
secrets/env/gh/ada/web.json    ·     ·       ·         ·           ·              ·           ·          ·         R           R              R
secrets/env/…/web/_all.json    ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
secrets/env/…/web/qa.json      ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
another: counter.json          RW    R       ·         ·           ·              ·           ·          ·         ·           ·              ·
another: triggers/<trigger>    RW    R       ·         ·           ·              ·           ·          ·         ·           ·              ·
another: jobs/0/1/end.json     R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
another: log.txt               R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
another: commits/<sha>.json    ·     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
another: cache/branch/<key>    ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
another: stages/qa/lock.json   R     RW      ·         ·           ·              ·           ·          ·         ·           ·              ·
another: secrets/env           ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
longer name: end.json          R     R       ·         ·           ·              ·           ·          ·         ·           ·              ·
self-test/<id>/request.json    R     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
self-test/<id>/<trust>.json    ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
anything else                  ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
`

const EXPECTED_ACTIONS = `
                               http  report  run-fork  run-branch  run-protected  run-deploy  scheduler  fork job  branch job  protected job  deploy job
list the bucket                yes   yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
delete the bucket              ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
change its policy              ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
list another bucket            ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
publish to jobs                yes   yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
publish to failures            ·     ·       yes       yes         yes            yes         ·          ·         ·           ·              ·
the same, from a sandbox       ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
publish notifications          ·     yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
publish to a listed topic      ·     yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
publish to another             ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
subscribe to jobs              ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
set a switch                   yes   yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
clear a switch                 ·     yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
another group's switch         ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
pass the scheduler role to it  yes   yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
pass it to Lambda              ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
pass the http role on          ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
issue job credentials          yes   yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
assume the http role           ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
assume a listed deploy role    ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              yes
assume another role            ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
invoke report                  yes   yes     ·         ·           ·              ·           yes        ·         ·           ·              ·
invoke run-fork                ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
invoke run-branch              ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
invoke run-protected           yes   yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
invoke run-deploy              ·     yes     ·         ·           ·              ·           ·          ·         ·           ·              ·
invoke http                    ·     ·       ·         ·           ·              ·           ·          ·         ·           ·              ·
`
