import { afterAll, beforeAll, expect, test } from 'vitest'
import { functionName } from '../../../loopback/system/functions.ts'
import type { JobMessage } from '../../../src/admission/grants.ts'
import { isIsolated, type JobTrust, jobTrustSchema, trustOfJob } from '../../../src/model/trust.ts'
import { type ForwardingProxy, startProxy } from '../../support/proxy.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../support/test-system.ts'

const TRUSTS = jobTrustSchema.options

let ci: TestSystem
/** What the functions request of S3, SNS and GitHub. */
const requests: string[] = []
const proxies = new Map<string, ForwardingProxy>()
const targets = new Map<string, string>()
beforeAll(async () => {
  for (const service of ['s3', 'sns', 'github']) {
    const record = ({ method, url }: { method?: string | undefined; url?: string | undefined }) => {
      requests.push(`${service}: ${method} ${url}`)
      return false
    }
    proxies.set(service, await startProxy(() => targets.get(service) ?? '', record))
  }
  ci = await openTestSystem({
    mixesTenants: true,
    proxyUrl: (service, url) => {
      targets.set(service, url)
      return proxies.get(service)?.url ?? url
    },
  })
})
afterAll(async () => {
  await ci.close()
  await Promise.all([...proxies.values()].map(proxy => proxy.close()))
})

/** Builds a commit of each trust, and deploys one. Returns the messages that started their jobs. */
async function jobOfEachTrust(): Promise<Map<JobTrust, JobMessage>> {
  const config = { branches: { master: true, topic: true }, pullRequests: { fromForkPublicRepo: true } }
  const deploy = { stages: { master: 'dev' }, deploy: 'true' }
  const at = await ci.write(lambciJson('true', { ...config, ...deploy }))
  await ci.push(at, 'ada/web', 'master')
  await ci.push(at, 'ada/web', 'topic')
  await ci.api('POST', '/repos/ada/web/forks', { organization: 'stranger' })
  await ci.push(at, 'stranger/web', 'better', {}, 'A change [skip ci]')
  const pull = { title: 'Better', head: 'stranger:better', base: 'master' }
  await ci.api('POST', '/repos/ada/web/pulls', pull)
  const builds = [1, 2, 3].map(number => ({ project: 'gh/ada/web', number }))
  for (const build of builds) expect((await ci.ended(build)).status).toBe('passed')
  await ci.settled()
  expect(
    requests.filter(each => each.startsWith('github: POST /') && each.endsWith('/git-upload-pack')),
  ).not.toEqual([])
  return new Map(ci.messages.map(message => [trustOfJob(message.build, message.job.identity), message]))
}

const eventsOf = (message: JobMessage) => [
  { Records: [{ Sns: { Message: JSON.stringify(message) } }] },
  // So the functions for deploy branches and for deploys are invoked.
  message,
]
const invoke = (trust: JobTrust, event: unknown) =>
  ci.system.lambda.invoke(functionName(`run-${trust}`), event, isIsolated(trust) ? 'a-tenant' : undefined)

test('each function refuses a message of another trust before it reads, writes or fetches anything', async () => {
  const messages = await jobOfEachTrust()
  expect([...messages.keys()].toSorted()).toEqual(TRUSTS.toSorted())
  for (const [trust, message] of messages)
    for (const own of TRUSTS.filter(each => each !== trust))
      for (const event of eventsOf(message)) {
        requests.length = 0
        expect(await invoke(own, event)).toMatchObject({
          ok: false,
          error: {
            errorMessage: `Job of gh/ada/web #${message.build.number} is of trust ${trust}: this function runs ${own}`,
          },
        })
        expect(requests).toEqual([])
      }
  // Its own function asks for the claim once more, and so would another one that does not refuse it. It has begun to fetch by then, and
  // that request may arrive later: so these come last.
  for (const [trust, message] of messages)
    for (const event of eventsOf(message)) {
      requests.length = 0
      expect(await invoke(trust, event)).toMatchObject({ ok: true })
      expect(requests.some(request => request.startsWith('s3: PUT '))).toBe(true)
    }
  // Nothing of it has run: the only deploy is the first one.
  const { store } = ci.system
  expect((await store.list('gh/ada/web/stages/dev/deploys/')).map(({ key }) => key)).toHaveLength(1)
})
