import { readEnvironment } from '../account/environment.ts'
import { openGitHub } from '../github/client.ts'
import { openSlack } from '../report/slack.ts'
import { openNotices } from '../report/sns.ts'
import { wakingsOf } from '../report/waking.ts'
import { reportBuild } from '../report-build.ts'
import { githubApiUrl, services, tokens } from './services.ts'

const environment = readEnvironment(process.env, ['LAMBCI_SLACK_API_URL'])

const reporting = {
  ...services,
  github: openGitHub(githubApiUrl, tokens.writing),
  sendNotice: openNotices(),
  openSlack: (token: string) => openSlack(token, environment.LAMBCI_SLACK_API_URL),
}

/** The report function, woken by S3, by the Scheduler, and by the failure destination of the build functions. */
export async function handler(event: unknown, context: { awsRequestId: string }): Promise<void> {
  for (const waking of wakingsOf(event)) {
    await reportBuild(waking, { ...reporting, requestId: context.awsRequestId })
  }
}
