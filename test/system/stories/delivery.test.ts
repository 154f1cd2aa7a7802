import { afterAll, beforeAll, expect, test } from 'vitest'
import { functionName } from '../../../loopback/system/functions.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import { readReport } from '../../../src/records/read-records.ts'
import { sendPush } from '../../support/signed-push.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const deliveriesOf = (repository: string) => ci.api('GET', `/repos/${repository}/hooks/1/deliveries`)
const redeliver = (repository: string, id: number) =>
  ci.api('POST', `/repos/${repository}/hooks/1/deliveries/${id}/attempts`)
const answeredDeliveries = (repository: string, count = 1) =>
  ci.until('the responses', async () => {
    const deliveries: { status_code: number; id: number; guid: string }[] = await deliveriesOf(repository)
    return deliveries.length === count && deliveries.every(each => each.status_code > 0) && deliveries
  })

test('a redelivery during a build starts no second build; after its end it starts a new one, which only tests', async () => {
  const gate = ci.gate()
  const at = await ci.write(lambciJson(gate.wait, { stages: { master: 'dev' }, deploy: 'true' }))
  const commit = await ci.push(at, 'again/and-again', 'master')
  const [first] = await answeredDeliveries('again/and-again')
  await redeliver('again/and-again', first?.id ?? 0)
  await answeredDeliveries('again/and-again', 2)
  await gate.open()
  const deployed = await ci.ended({ project: 'gh/again/and-again', number: 1 })
  expect(deployed).toMatchObject({ rebuildOf: null, deploy: { status: 'succeeded' } })
  expect(await ci.view({ project: 'gh/again/and-again', number: 2 })).toBeNull()

  await redeliver('again/and-again', first?.id ?? 0)
  const view = await ci.ended({ project: 'gh/again/and-again', number: 2 })
  // Nothing is deployed that nobody has pushed now.
  const withheld = { status: 'cancelled', reason: 'A rebuild only tests' }
  expect(view).toMatchObject({ status: 'passed', rebuildOf: 1, deploy: withheld })
  expect((await ci.statuses('again/and-again', commit)).at(-1)).toMatch(
    /^success .*, not deployed to dev: a rebuild only tests/,
  )
  const deliveries = await answeredDeliveries('again/and-again', 3)
  expect(new Set(deliveries.map(({ guid }) => guid)).size).toBe(1)
})

test('a push that names nobody and no commits is built, and its end is told', async () => {
  const at = await ci.write(lambciJson('echo built'))
  const commit = await ci.push(at, 'names/nobody', 'master')
  await ci.ended({ project: 'gh/names/nobody', number: 1 })
  const nobody = { pusher: null, sender: null, commits: null, head_commit: null }
  const { id } = await ci.api('GET', '/repos/names/nobody')
  const repository = { id, full_name: 'names/nobody' }
  const response = await sendPush(ci.system.addresses, repository, commit, nobody)
  expect([response.status, await response.json()]).toEqual([202, expect.objectContaining({ number: 2 })])
  const view = await ci.ended({ project: 'gh/names/nobody', number: 2 })
  expect(view).toMatchObject({ status: 'passed', commit, message: '', author: { name: 'unknown' } })
  const mail = await ci.until('the mail', async () =>
    ci.mails.find(({ subject }) => subject?.includes('names/nobody #2')),
  )
  expect(mail?.text).toMatch(/^Author: +unknown$/m)
})

test.each([
  ['a job message that SNS delivers twice is run once', 'topic', 'run-branch'],
  ['an event with which Lambda invokes twice is run once', 'master', 'run-protected'],
] as const)('%s', async (_, branch, name) => {
  const repository = `twice/${branch}`
  const build = { project: `gh/${repository}`, number: 1 }
  const gate = ci.gate()
  const at = await ci.write(lambciJson(`echo "built by $AWS_REQUEST_ID"; ${gate.wait}`))
  await ci.push(at, repository, branch)
  await ci.until('the start', async () => (await ci.view(build))?.status === 'running')
  const message = ci.messages.find(each => each.build.project === build.project)
  const published = { Records: [{ EventSource: 'aws:sns', Sns: { Message: JSON.stringify(message) } }] }
  const [event, tenant] = branch === 'topic' ? [published] : [message, 'a-tenant']
  expect(await ci.system.lambda.invoke(functionName(name), event, tenant)).toMatchObject({ ok: true })
  await gate.open()
  const view = await ci.ended(build)
  expect(view.status).toBe('passed')
  expect((await ci.log(build)).match(/^built by/gm)).toHaveLength(1)
  expect(await ci.view(build)).toEqual(view)
})

test('duplicate and late reports notify no one again', async () => {
  const at = await ci.write(lambciJson('true'))
  const commit = await ci.push(at, 'late/reports', 'master')
  const build = { project: 'gh/late/reports', number: 1 }
  await ci.ended(build)
  const before = await ci.statuses('late/reports', commit)
  const mails = () => ci.mails.filter(({ subject }) => subject?.includes('late/reports'))
  const { length } = mails()
  const event = { Records: [{ s3: { object: { key: jobKeys(build).record('end') } } }] }
  await Promise.all([1, 2, 3, 4].map(() => ci.system.lambda.invoke(functionName('report'), event)))
  expect(await ci.statuses('late/reports', commit)).toEqual(before)
  expect(mails()).toHaveLength(length)
  expect((await readReport(ci.system.store, build))?.lease).toBeNull()
})

test('an older build that ends later does not replace the newer one in the branch summary', async () => {
  const gate = ci.gate()
  const at = await ci.write(lambciJson(gate.wait, { cancelSuperseded: false }))
  await ci.push(at, 'slow/fast', 'master')
  const quick = lambciJson('exit 1')
  await ci.push(at, 'slow/fast', 'master', quick)
  await ci.ended({ project: 'gh/slow/fast', number: 2 })
  await gate.open()
  await ci.ended({ project: 'gh/slow/fast', number: 1 })
  const summary = await ci.system.store.get('gh/slow/fast/branches/master.json')
  expect(JSON.parse(Buffer.from(summary?.body ?? '').toString())).toMatchObject({
    number: 2,
    status: 'failed',
  })
})

test('four concurrent pushes get four distinct numbers', async () => {
  const at = await ci.write(lambciJson('true'))
  await ci.push(at, 'many/pushes', 'master')
  const branches = ['one', 'two', 'three']
  const remote = `${ci.system.addresses.github}/many/pushes.git`
  await ci.git(at, 'push', '--quiet', remote, ...branches.map(branch => `HEAD:refs/heads/${branch}`))
  const views = await Promise.all([1, 2, 3, 4].map(number => ci.ended({ project: 'gh/many/pushes', number })))
  expect(new Set(views.map(({ trigger }) => trigger)).size).toBe(4)
  expect(views.every(({ status }) => status === 'passed')).toBe(true)
})
