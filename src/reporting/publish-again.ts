import type { RunnerSecrets } from '../account/secrets.ts'
import type { Account } from '../account/settings.ts'
import { listAccountKeys } from '../account/unread-objects.ts'
import { latestEndAfter } from '../admission/deadlines.ts'
import { type StartContext, startLead } from '../admission/start-job.ts'
import type { Build } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import type { BuildEnd, Report } from '../records/report-record.ts'
import { erroredAt } from './decide.ts'

type Context = Omit<StartContext, 'linkKey'> & { secrets: () => Promise<RunnerSecrets>; now: () => Date }

/**
 * Publishes the first job of a build, which never started or has just been approved, with new grants and a new latest end. Returns the end
 * of the build if that job can never start.
 */
export async function publishAgain(
  { build, account, report }: { build: Build; account: Account; report: Report },
  context: Context,
): Promise<{ report: Report } | { end: BuildEnd }> {
  const { linkKey } = await context.secrets()
  const latestEnd = latestEndAfter(context.now()).toISOString()
  const { deadMansSwitch } = context
  await deadMansSwitch.clear(build)
  const accountKeys = await listAccountKeys(context.store)
  try {
    const share = { account, accountKeys }
    await startLead(build, latestEnd, share, { ...context, linkKey }, deadMansSwitch.move)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { end: erroredAt(context.now(), `The build cannot be started: ${error.message}`) }
  }
  return { report: { ...report, publications: report.publications + 1, latestEnd } }
}
