import { readEnvironment, switchTargetOf } from '../account/environment.ts'
import { openRunnerSecrets } from '../account/secrets.ts'
import { openSwitch } from '../admission/switch.ts'
import { openJobsTopic } from '../admission/topic.ts'
import { openStore } from '../build/store.ts'
import { openGitHub } from '../github/client.ts'
import { openNotices } from '../report/sns.ts'
import { wakingsOf } from '../report/waking.ts'
import { reportBuild } from '../report-build.ts'

const environment = readEnvironment(process.env, [
  'LAMBCI_STACK',
  'LAMBCI_BUCKET',
  'LAMBCI_JOBS_TOPIC',
  'LAMBCI_GITHUB_API_URL',
])
const store = openStore(environment.LAMBCI_BUCKET)
const secrets = openRunnerSecrets(store)

const services = {
  store,
  secrets,
  github: async () => openGitHub(environment.LAMBCI_GITHUB_API_URL, (await secrets()).githubToken),
  sendNotice: openNotices(),
  publish: openJobsTopic(environment.LAMBCI_JOBS_TOPIC),
  deadMansSwitch: openSwitch(switchTargetOf(environment)),
  now: () => new Date(),
}

/** The report function, woken by S3, by the Scheduler, and by the failure destination of the build functions. */
export async function handler(event: unknown, context: { awsRequestId: string }): Promise<void> {
  for (const waking of wakingsOf(event)) {
    await reportBuild(waking, { ...services, requestId: context.awsRequestId })
  }
}
