import { openGitHub } from '../github/client.ts'
import { openNotices } from '../report/sns.ts'
import { wakingsOf } from '../report/waking.ts'
import { reportBuild } from '../report-build.ts'
import { githubApiUrl, services, tokens } from './services.ts'

const reporting = {
  ...services,
  github: openGitHub(githubApiUrl, tokens.writing),
  sendNotice: openNotices(),
}

/** The report function, woken by S3, by the Scheduler, and by the failure destination of the build functions. */
export async function handler(event: unknown, context: { awsRequestId: string }): Promise<void> {
  for (const waking of wakingsOf(event)) {
    await reportBuild(waking, { ...reporting, requestId: context.awsRequestId })
  }
}
