import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildKeys } from '../../src/build/layout.ts'
import { readReport } from '../../src/build/records.ts'
import { functionName } from '../../src/entry/system/functions.ts'
import { lambciJson, openTown, type Town } from './town.ts'

let town: Town
beforeAll(async () => {
  town = await openTown()
})
afterAll(() => town.close())

const deliveriesOf = (repository: string) => town.api('GET', `/repos/${repository}/hooks/1/deliveries`)
const redeliver = (repository: string, id: number) =>
  town.api('POST', `/repos/${repository}/hooks/1/deliveries/${id}/attempts`)
const answers = (repository: string) =>
  town.until('the answers', async () => {
    const deliveries: { status_code: number; id: number; guid: string }[] = await deliveriesOf(repository)
    return deliveries.length > 0 && deliveries.every(each => each.status_code > 0) && deliveries
  })

test('a redelivery during the build is that build, and after its end a new one', async () => {
  const at = await town.write(lambciJson('sleep 2'))
  await town.push(at, 'again/and-again', 'master')
  const [first] = await answers('again/and-again')
  await redeliver('again/and-again', first?.id ?? 0)
  await town.ended({ project: 'gh/again/and-again', number: 1 })
  expect(await town.look({ project: 'gh/again/and-again', number: 2 })).toBeNull()

  await redeliver('again/and-again', first?.id ?? 0)
  const view = await town.ended({ project: 'gh/again/and-again', number: 2 })
  expect(view.status).toBe('passed')
  const deliveries = await answers('again/and-again')
  expect(new Set(deliveries.map(({ guid }) => guid)).size).toBe(1)
})

/** Reads along on the topic `jobs`: from now on its orders come as mails, too. */
async function readOrders(to: string): Promise<() => string[]> {
  const { sns, jobsTopic, region, accessKeyId, secretAccessKey } = town.system.addresses
  const client = new SNSClient({ endpoint: sns, region, credentials: { accessKeyId, secretAccessKey } })
  await client.send(new SubscribeCommand({ TopicArn: jobsTopic, Protocol: 'email', Endpoint: to }))
  client.destroy()
  return () => town.mails.filter(mail => mail.to === to).map(({ text }) => text)
}

test('an order that SNS delivers twice is built once', async () => {
  const orders = await readOrders('reader@localhost')
  const at = await town.write(lambciJson('echo "built by $AWS_REQUEST_ID"; sleep 1'))
  await town.push(at, 'twice/sent', 'master')
  const build = { project: 'gh/twice/sent', number: 1 }
  await town.until('the start', async () => (await town.look(build))?.status === 'running')
  const [order] = orders().filter(text => text.includes('"gh/twice/sent"'))
  const event = { Records: [{ EventSource: 'aws:sns', Sns: { Message: order } }] }
  await town.system.lambda.invokeAsync(functionName('build-deploy'), event)
  const view = await town.ended(build)
  await town.settled()
  expect(view.status).toBe('passed')
  expect((await town.log(build)).match(/^built by/gm)).toHaveLength(1)
  expect(await town.look(build)).toEqual(view)
})

test('reports out of order and doubled say nothing again', async () => {
  const at = await town.write(lambciJson('true'))
  const commit = await town.push(at, 'late/news', 'master')
  const build = { project: 'gh/late/news', number: 1 }
  await town.ended(build)
  await town.settled()
  const before = await town.statuses('late/news', commit)
  const mails = town.mails.length
  const event = { Records: [{ s3: { object: { key: buildKeys(build).run } } }] }
  await Promise.all([1, 2, 3, 4].map(() => town.system.lambda.invoke(functionName('report'), event)))
  expect(await town.statuses('late/news', commit)).toEqual(before)
  expect(town.mails).toHaveLength(mails)
  expect((await readReport(town.system.store, build))?.value.lease).toBeNull()
})

test('an older build that ends later does not take the branch from the newer one', async () => {
  const at = await town.write(lambciJson('sleep $SECONDS_TO_SLEEP', { env: { SECONDS_TO_SLEEP: '4' } }))
  await town.push(at, 'slow/fast', 'master')
  const quick = lambciJson('exit 1')
  await town.push(at, 'slow/fast', 'master', quick)
  await Promise.all([1, 2].map(number => town.ended({ project: 'gh/slow/fast', number })))
  const summary = await town.system.store.get('gh/slow/fast/branches/master.json')
  expect(JSON.parse(Buffer.from(summary?.body ?? '').toString())).toMatchObject({
    number: 2,
    status: 'failed',
  })
})

test('20 pushes at once get 20 numbers, each once', async () => {
  const at = await town.write(lambciJson('true'))
  await town.push(at, 'many/pushes', 'master')
  const branches = Array.from({ length: 19 }, (_, index) => `topic-${index}`)
  const remote = `${town.system.addresses.github}/many/pushes.git`
  await town.git(at, 'push', '--quiet', remote, ...branches.map(branch => `HEAD:refs/heads/${branch}`))
  const views = await Promise.all(
    Array.from({ length: 20 }, (_, index) => town.ended({ project: 'gh/many/pushes', number: index + 1 })),
  )
  expect(new Set(views.map(({ trigger }) => trigger)).size).toBe(20)
  expect(views.every(({ status }) => status === 'passed')).toBe(true)
})
