import { createHmac, randomUUID } from 'node:crypto'
import type { Hono } from 'hono'
import { openRunnerSecrets } from '../../src/account/secrets.ts'
import { createHttpApp } from '../../src/functions/http-app.ts'
import { buildKeys, jobKeys, runnerSecretsKey, settingsKeys } from '../../src/records/keys.ts'
import type { Store } from '../../src/records/store.ts'
import { openBucket, putJson } from '../support/bucket.ts'
import { openMemoryStore } from '../support/memory-store.ts'
import { endedRun, grantIssuerOf, makeBuild, unknownToGit } from '../support/records.ts'

export const SECRET = 'a-webhook-secret'

/** The http function's app, with a bucket in which build #1 of ada/web has ended. */
export async function openHttpApp() {
  const bucket = await openBucket()
  return { ...(await openWith(bucket.store)), bucket }
}

/** As `openHttpApp`, with a store in memory that refuses the keys that S3 refuses: it answers several times as fast. */
export const openFastHttpApp = () => openWith(refusingKeys(openMemoryStore()))

const MOST_KEY_BYTES = 1024
const KEYED = ['get', 'getRange', 'list', 'put', 'putIf', 'putOnce', 'copy', 'remove', 'presign'] as const

const refusingKeys = (store: Store): Store =>
  new Proxy(store, {
    get(target, name, receiver) {
      const method = Reflect.get(target, name, receiver)
      if (!KEYED.some(each => each === name)) return method
      return (key: string, ...rest: unknown[]) => {
        if (!key.isWellFormed() || Buffer.byteLength(key) > MOST_KEY_BYTES)
          throw new Error(`S3 refuses the key ${JSON.stringify(key)}`)
        return Reflect.apply(method, target, [key, ...rest])
      }
    },
  })

async function openWith(store: Store) {
  const secrets = { webhookSecrets: [SECRET], githubToken: 'writes', linkKey: 'a-link-key-of-these-tests' }
  await putJson(store, runnerSecretsKey, secrets)
  await putJson(store, settingsKeys('')[0], { allow: ['*'] })
  const app = createHttpApp({
    store,
    secrets: openRunnerSecrets(store),
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
  await putJson(store, buildKeys(build).build, build)
  await putJson(store, jobKeys(build).record('end'), endedRun())
  await store.put(jobKeys(build).log.whole, 'one\n', 'text/plain')
  return { app, deliver: deliverTo(app), get: (path: string) => app.request(`${SITE}${path}`) }
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
