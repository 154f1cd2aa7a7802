import { createHmac, randomUUID } from 'node:crypto'
import type { Hono } from 'hono'
import { openRunnerSecrets } from '../../src/account/secrets.ts'
import { createHttpApp } from '../../src/functions/http-app.ts'
import { buildKeys, jobKeys, runnerSecretsKey, settingsKeys } from '../../src/records/keys.ts'
import { openBucket, putJson } from '../support/bucket.ts'
import { endedRun, grantIssuerOf, makeBuild, unknownToGit } from '../support/records.ts'

export const SECRET = 'a-webhook-secret'

/** The http function's app, with a bucket in which build #1 of ada/web has ended. */
export async function openHttpApp() {
  const bucket = await openBucket()
  const secrets = { webhookSecrets: [SECRET], githubToken: 'writes', linkKey: 'a-link-key-of-these-tests' }
  await putJson(bucket.store, runnerSecretsKey, secrets)
  await putJson(bucket.store, settingsKeys('')[0], { allow: ['*'] })
  const app = createHttpApp({
    store: bucket.store,
    secrets: openRunnerSecrets(bucket.store),
    publish: async () => {},
    deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
    grantIssuer: grantIssuerOf(null),
    compare: unknownToGit,
    countCommits: async () => null,
    githubUrl: 'https://github.com',
    findOnGitHub: async () => null,
    invokeReport: async () => {},
    now: () => new Date(),
  })
  const build = makeBuild({ project: 'gh/ada/web', number: 1 })
  await putJson(bucket.store, buildKeys(build).build, build)
  await putJson(bucket.store, jobKeys(build).record('end'), endedRun())
  await bucket.store.put(jobKeys(build).log.whole, 'one\n', 'text/plain')
  return { app, deliver: deliverTo(app), get: (path: string) => app.request(`${SITE}${path}`), bucket }
}

const SITE = 'https://ci.example.com'

/** Sends a delivery with a valid signature, whatever its content. */
const deliverTo =
  (app: Hono) =>
  (event: string, body: string, headers: Record<string, string> = {}, secret = SECRET) =>
    app.request(`${SITE}/webhook`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-github-event': event,
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        ...headers,
      },
    })
