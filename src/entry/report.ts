import { readEnvironment } from '../account/environment.ts'
import { openGitHub } from '../github/client.ts'
import type { Job } from '../job/job.ts'
import { openSlack } from '../report/slack.ts'
import { openNotices } from '../report/sns.ts'
import { wakingsOf } from '../report/waking.ts'
import { reportBuild } from '../report-build.ts'
import { DEPLOY_EVENT, type DeployWish } from '../webhook/deploy.ts'
import { sendSigned } from '../webhook/send.ts'
import { githubApiUrl, services, tokens } from './services.ts'

const environment = readEnvironment(process.env, ['LAMBCI_SLACK_API_URL'])

const reporting = {
  ...services,
  github: openGitHub(githubApiUrl, tokens),
  sendNotice: openNotices(),
  askForDeploy: async (job: Job, wish: DeployWish, id: string) => {
    const { webhookSecrets } = await services.secrets()
    const body = JSON.stringify(wish)
    const { status } = await sendSigned(job.baseUrl, webhookSecrets[0] ?? '', {
      event: DEPLOY_EVENT,
      body,
      id,
    })
    // What is refused now is refused the next time as well: the deploy that waits says so when its time is over.
    if (status >= 500) throw new Error(`The http function answered ${status} to the wish for a deploy`)
    if (status >= 400) console.error(`The http function refused a deploy of ${job.project} with ${status}`)
  },
  openSlack: (token: string) => openSlack(token, environment.LAMBCI_SLACK_API_URL),
}

/** The report function, woken by S3, by the Scheduler, and by the failure destination of the build functions. */
export async function handler(event: unknown, context: { awsRequestId: string }): Promise<void> {
  for (const waking of wakingsOf(event)) {
    await reportBuild(waking, { ...reporting, requestId: context.awsRequestId })
  }
}
