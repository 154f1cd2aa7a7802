import type { RunnerSecrets } from '../account/secrets.ts'
import type { Account } from '../account/settings.ts'
import { listAccountKeys } from '../account/unread-objects.ts'
import { latestEndAfter } from '../admission/deadlines.ts'
import { type StartContext, startLead } from '../admission/start-job.ts'
import type { Build } from '../model/build.ts'
import type { Report } from '../records/report-record.ts'

type Context = Omit<StartContext, 'linkKey'> & { secrets: () => Promise<RunnerSecrets>; now: () => Date }

/** Publishes again the first job of a build, which never started, with new grants and a new latest end. */
export async function publishAgain(
  { build, account, report }: { build: Build; account: Account; report: Report },
  context: Context,
): Promise<Report> {
  const { linkKey } = await context.secrets()
  const latestEnd = latestEndAfter(context.now()).toISOString()
  await context.deadMansSwitch.clear(build)
  const accountKeys = await listAccountKeys(context.store)
  await startLead(build, latestEnd, { account, accountKeys }, { ...context, linkKey })
  return { ...report, publications: report.publications + 1, latestEnd }
}
