import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readSecretVariables } from '../../../src/account/secrets.ts'
import { parseAccount } from '../../../src/account/settings.ts'
import { listAccountKeys } from '../../../src/account/unread-objects.ts'
import { type JobMessage, LEAD_JOB, type StartedJob } from '../../../src/admission/grants.ts'
import { openJobCredentials } from '../../../src/admission/job-credentials.ts'
import { startJob } from '../../../src/admission/start-job.ts'
import { openStore } from '../../../src/aws/bucket.ts'
import { openSts } from '../../../src/aws/sts.ts'
import { stageVariablesKey, variablesKeys } from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { grantIssuerOf, makeBuild } from '../../support/records.ts'
import { roleArn } from '../../support/roles.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

const PROJECT = 'gh/ada/staged'
const keyOf = (stage: string, project = PROJECT) => stageVariablesKey({ project, stage })
const OWN = variablesKeys(PROJECT)[1]
const OBJECTS: Record<string, object> = {
  [OWN]: { TOKEN: 'of tests', REGISTRY: 'of tests' },
  [keyOf('*')]: { TOKEN: 'of every stage', PAGER: 'of every stage' },
  [keyOf('production')]: { TOKEN: 'of production' },
  [keyOf('qa')]: { TOKEN: 'of qa' },
  [keyOf('production', 'gh/ada/other')]: { TOKEN: 'of another repository' },
}

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
  const { addresses } = ci.system
  vi.stubEnv('AWS_ENDPOINT_URL_STS', addresses.sts)
  vi.stubEnv('AWS_REGION', addresses.region)
  for (const [key, variables] of Object.entries(OBJECTS)) await putJson(ci.system.store, key, variables)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  for (const key of Object.keys(OBJECTS)) await ci.system.store.remove(key)
  await ci.close()
})

const jobNamed = (name: string): StartedJob => ({
  ...{ key: 2, attempt: 1, needs: [] },
  identity: { name, cell: {}, shard: null },
})

/** Starts a job as report does. Returns its variables, and the objects that its credentials open. */
async function start(job: StartedJob, stage: string) {
  const { store, addresses, servers } = ci.system
  const build = makeBuild({ project: PROJECT })
  const messages: JobMessage[] = []
  const report = servers.sts.issue(roleArn('lambci-report'))
  await startJob(
    build,
    { job: { ...job, deploy: { stage, digest: 'd' } }, hasSecrets: true },
    { account: parseAccount(PROJECT, build.settings), accountKeys: await listAccountKeys(store) },
    {
      store,
      grantIssuer: {
        ...grantIssuerOf(null),
        issueCredentials: openJobCredentials(openSts(report), addresses.bucket, roleArn('lambci-session')),
      },
      linkKey: 'a-key-of-more-than-sixteen-characters',
      publish: async message => void messages.push(message),
    },
  )
  const { credentials, secretVariables } = messages[0]?.grants ?? {}
  if (!credentials || !secretVariables) throw new Error('No credentials were issued')
  const own = openStore(addresses.bucket, {
    ...{ credentials, endpoint: addresses.s3, region: addresses.region, mayList: false },
  })
  const isOpen = (key: string) =>
    own.get(key).then(
      stored => stored !== null,
      () => false,
    )
  const keys = Object.keys(OBJECTS)
  const opened = await Promise.all(keys.map(isOpen))
  const variables = await readSecretVariables(own, secretVariables)
  own.close()
  return { variables, opened: keys.filter((_, at) => opened[at]) }
}

test('a deploy reads the secrets of its own stage; nothing else of its build can', async () => {
  expect(await start(jobNamed('deploy'), 'production')).toEqual({
    variables: { TOKEN: 'of production', REGISTRY: 'of tests', PAGER: 'of every stage' },
    opened: [OWN, keyOf('*'), keyOf('production')],
  })
  const qa = await start(jobNamed('deploy'), 'qa')
  expect([qa.variables.TOKEN, qa.opened]).toEqual(['of qa', [OWN, keyOf('*'), keyOf('qa')]])
  for (const job of [LEAD_JOB, jobNamed('unit')])
    expect(await start(job, 'production')).toEqual({
      variables: { TOKEN: 'of tests', REGISTRY: 'of tests' },
      opened: [OWN],
    })
})
