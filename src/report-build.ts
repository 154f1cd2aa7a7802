import { findSecretVariables, type RunnerSecrets } from './account/secrets.ts'
import { noticeRule, noticeTopic, slackLook } from './account/settings.ts'
import { admissionOf, type Granter } from './admission/admission.ts'
import type { Switch } from './admission/switch.ts'
import type { PublishOrder } from './admission/topic.ts'
import { latestEndAfter, switchTimeOf } from './admission/window.ts'
import { readCancelWish } from './build/cancel-wish.ts'
import { costOf } from './build/cost.ts'
import { buildKeys } from './build/layout.ts'
import { buildUrl } from './build/links.ts'
import { describeOutcome, isRed } from './build/outcome.ts'
import { readJob, readRun } from './build/records.ts'
import type { Report } from './build/report-record.ts'
import { hasEnded } from './build/result.ts'
import type { Run } from './build/run-record.ts'
import type { Store } from './build/store.ts'
import { type View, viewOf } from './build/view.ts'
import type { GitHub } from './github/client.ts'
import type { Job } from './job/job.ts'
import { isSegment } from './log/log-keys.ts'
import { tail } from './log/reader.ts'
import { runnerLine } from './log/runner-line.ts'
import { composeLog } from './log/sink.ts'
import { judge } from './report/ending.ts'
import { holdLease } from './report/lease.ts'
import { noticeOf } from './report/notice.ts'
import type { Slack } from './report/slack.ts'
import type { SendNotice } from './report/sns.ts'
import { updateSummary } from './report/summary.ts'
import { isWanted, tellNotice } from './report/tell-notice.ts'
import { tellSlack } from './report/tell-slack.ts'
import { tellStatus } from './report/tell-status.ts'
import type { Waking } from './report/waking.ts'

/** What reporting needs from its host. */
export type Reporter = {
  store: Store
  secrets: () => Promise<RunnerSecrets>
  github: GitHub
  sendNotice: SendNotice
  openSlack: (token: string) => Slack
  publish: PublishOrder
  deadMansSwitch: Switch
  granter: Granter
  /** Of this invocation; Lambda's own retry of it has the same one. */
  requestId: string
  now: () => Date
}

/** One look at a build: its records as they are now, and whether something must be tried again later. */
type Look = { job: Job; run: Run | null; report: Report; again: boolean }

/**
 * Story three. Whatever woke it, report looks at what stands in the bucket now, tells what has not been told, and looks
 * again until nobody asks any more. Lost, doubled and reordered messages do no harm. Throws when something could not
 * be told yet: Lambda then tries again.
 */
export async function reportBuild({ build, failure }: Waking, reporter: Reporter): Promise<void> {
  const job = await readJob(reporter.store, build)
  if (!job) return
  let again = false
  await holdLease(build, { ...reporter, holder: reporter.requestId }, failure, async report => {
    const run = await readRun(reporter.store, job)
    const wish = run ? null : await readCancelWish(reporter.store, job)
    const verdict = judge({ job, run, report, wish }, report, reporter.now())
    if (verdict === 'again') return admitAnew(job, report, reporter)
    const ending = verdict?.ending ?? null
    const cost = report.ending ? report.cost : ending && costOf(run, ending.endedAt)
    const look = await tell({ job, run, report: { ...report, ending, cost }, again: false }, reporter)
    again = look.again
    return look.report
  })
  if (again)
    throw new Error(
      `Not everything about ${build.project} #${build.number} could be told yet: see its report.json`,
    )
}

/** A job that never started is handed out once more, with a fresh admission and a new latest end. */
async function admitAnew(job: Job, report: Report, reporter: Reporter): Promise<Report> {
  const { store, publish, deadMansSwitch, secrets, granter, now } = reporter
  const url = buildUrl(job, (await secrets()).linkKey)
  const secretVariables = await findSecretVariables(store, job)
  const admission = await admissionOf(job, { secretVariables, buildUrl: url }, granter)
  const latestEnd = latestEndAfter(now()).toISOString()
  await deadMansSwitch.clear(job)
  await deadMansSwitch.set(job, switchTimeOf(latestEnd))
  await publish({ job, admission })
  return { ...report, admissions: report.admissions + 1, latestEnd }
}

async function tell(look: Look, reporter: Reporter): Promise<Look> {
  const { job, report, run } = look
  const view = viewOf(look)
  const url = buildUrl(job, (await reporter.secrets()).linkKey)
  const isWhole = run?.phase === 'ended' && run.log?.complete
  if (report.ending && !isWhole && !report.told.closed) await finishDeadLog(job, view, reporter.store)
  const status = await tellStatus(view, url, report.told.status, reporter.github)
  const told = { ...report.told, status: status.told }
  const next = { ...look, report: { ...report, told }, again: status.again }
  if (report.ending && hasEnded(view.status))
    return told.closed ? next : tellEnding(next, view, url, reporter)
  // The end brings what could not be said now.
  return hasBegun(view) ? { ...(await tellInSlack(next, view, url, reporter)), again: next.again } : next
}

/** What only an ending brings: the branch's summary, the notice, and the end of the dead man's switch. */
async function tellEnding(look: Look, view: View, url: string, reporter: Reporter): Promise<Look> {
  const { store, sendNotice, deadMansSwitch } = reporter
  const { job, run, report } = look
  const summary = await updateSummary(store, view)
  const topicArn = noticeTopic(job, run?.notifications?.topicArn)
  let notice = { told: report.told.notice, again: false }
  const isTold = notice.told?.error === null
  const wanted = isWanted(view, noticeRule(job, run?.notifications?.on), summary)
  const lines = isRed(view) && wanted ? (await tail(store, buildKeys(job).log)).split('\n') : []
  if (topicArn && !isTold && wanted)
    notice = await tellNotice(topicArn, noticeOf(view, url, lines), sendNotice)
  const slack = await tellInSlack(look, view, url, reporter, { isWanted: wanted, tail: lines })
  const again = slack.again || notice.again
  // What GitHub or SNS would not take now is tried once more when the switch fires.
  if (!again) await deadMansSwitch.clear(job)
  const told = { ...slack.report.told, notice: notice.told, summary: true, closed: !again }
  return { ...look, report: { ...report, told }, again }
}

const hasBegun = ({ status }: View) => status === 'running' || status === 'deploying'

/** One message for each build, there from its start where every end is wanted: nobody knows yet how it ends. */
async function tellInSlack(
  look: Look,
  view: View,
  url: string,
  reporter: Reporter,
  end?: { isWanted: boolean; tail: readonly string[] },
): Promise<Look> {
  const { job, run, report } = look
  const { slackToken } = await reporter.secrets()
  const slack = slackToken && slackLook(job, run?.notifications)
  if (!slackToken || !slack) return look
  const wish = {
    look: slack,
    isWanted: end?.isWanted ?? noticeRule(job, run?.notifications?.on) === 'always',
    tail: end?.tail ?? [],
  }
  const { told, again } = await tellSlack(view, url, report.told.slack, wish, reporter.openSlack(slackToken))
  return { ...look, report: { ...report, told: { ...report.told, slack: told } }, again: look.again || again }
}

/** The log of a build that died: what had been uploaded, and a line that says how it ended. */
async function finishDeadLog(job: Job, view: View, store: Store): Promise<void> {
  const { log } = buildKeys(job)
  const lines = [describeOutcome(view), ...(view.deploy?.reason ? [view.deploy.reason] : [])]
  await composeLog(
    store,
    (await store.list(log.prefix)).filter(isSegment),
    log.whole,
    `\n${lines.map(runnerLine).join('')}`,
  )
}
