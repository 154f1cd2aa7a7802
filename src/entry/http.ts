import { defaultIsContentTypeBinary, handle } from 'hono/aws-lambda'
import { readEnvironment, switchTargetOf } from '../account/environment.ts'
import { openRunnerSecrets } from '../account/secrets.ts'
import { openSwitch } from '../admission/switch.ts'
import { openJobsTopic } from '../admission/topic.ts'
import { openStore } from '../build/store.ts'
import { createHttpApp } from './http-app.ts'

const environment = readEnvironment(process.env, ['LAMBCI_STACK', 'LAMBCI_BUCKET', 'LAMBCI_JOBS_TOPIC'])
const store = openStore(environment.LAMBCI_BUCKET)

const app = createHttpApp({
  store,
  secrets: openRunnerSecrets(store),
  publish: openJobsTopic(environment.LAMBCI_JOBS_TOPIC),
  deadMansSwitch: openSwitch(switchTargetOf(environment)),
  now: () => new Date(),
})

/** The http function, behind a function URL. */
export const handler = handle(app, {
  // A log holds any bytes: as text they would not survive the way through JSON.
  isContentTypeBinary: type => type.startsWith('text/plain') || defaultIsContentTypeBinary(type),
})
