import { findSecretVariables, type RunnerSecrets } from './account/secrets.ts'
import { deployRolesOf, mayHaveStage, noticeRule, noticeTopic, slackLook } from './account/settings.ts'
import { admissionOf, type Granter } from './admission/admission.ts'
import type { Switch } from './admission/switch.ts'
import type { PublishOrder } from './admission/topic.ts'
import { latestEndAfter, switchTimeOf } from './admission/window.ts'
import { readCancelWish } from './build/cancel-wish.ts'
import { closeAfterDeploy } from './build/closing.ts'
import { costOf } from './build/cost.ts'
import { type BuildRef, buildKeys } from './build/layout.ts'
import { buildUrl } from './build/links.ts'
import { isOver, isRed } from './build/outcome.ts'
import { readCourse, readJob } from './build/records.ts'
import type { Ending, Report } from './build/report-record.ts'
import type { Run } from './build/run-record.ts'
import type { Store } from './build/store.ts'
import { type View, viewOf } from './build/view.ts'
import type { GitHub } from './github/client.ts'
import type { Job } from './job/job.ts'
import { tail } from './log/reader.ts'
import { finishDeadLog } from './report/dead-log.ts'
import { judge } from './report/ending.ts'
import { holdLease } from './report/lease.ts'
import { noticeOf } from './report/notice.ts'
import type { Slack } from './report/slack.ts'
import type { SendNotice } from './report/sns.ts'
import { type AskForDeploy, handOnStage, recallDeploy, settleDeploy } from './report/stage.ts'
import { updateSummary } from './report/summary.ts'
import { tellDeployment } from './report/tell-deployment.ts'
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
  askForDeploy: AskForDeploy
  publish: PublishOrder
  deadMansSwitch: Switch
  granter: Granter
  /** Of this invocation; Lambda's own retry of it has the same one. */
  requestId: string
  now: () => Date
}

/** One look at a build: its records as they are now, and whether something must be tried again later. */
type Look = { job: Job; run: Run | null; report: Report; again: boolean; others: BuildRef[] }

/**
 * Story three. Whatever woke it, report looks at what stands in the bucket now, tells what has not been told, and looks
 * again until nobody asks any more. Lost, doubled and reordered messages do no harm. Throws when something could not
 * be told yet: Lambda then tries again.
 */
export async function reportBuild(waking: Waking, reporter: Reporter): Promise<void> {
  // One stage is the business of several builds: what has ended one of them may end another.
  const wakings = [waking]
  for (const each of wakings) {
    const known = new Set(wakings.map(({ build }) => build.number))
    const others = (await reportOne(each, reporter)).filter(({ number }) => !known.has(number))
    wakings.push(...others.map(build => ({ build, failure: null })))
  }
}

async function reportOne({ build, failure }: Waking, reporter: Reporter): Promise<BuildRef[]> {
  const job = await readJob(reporter.store, build)
  if (!job) return []
  let again = false
  let others: BuildRef[] = []
  await holdLease(build, { ...reporter, holder: reporter.requestId }, failure, async report => {
    const run = await readCourse(reporter.store, job)
    const wish = run ? null : await readCancelWish(reporter.store, job)
    const verdict = judge({ job, run, report, wish }, report, reporter.now())
    if (verdict === 'again') return admitAnew(job, report, reporter)
    const hasDied = run?.phase === 'deploying'
    const ending = verdict && (await settle(verdict.ending, { job, report, hasDied }, reporter))
    const cost = report.ending ? report.cost : ending && costOf(run, ending.endedAt)
    const look = await tell({ job, run, report: { ...report, ending, cost }, again: false, others }, reporter)
    again = look.again
    others = look.others
    return look.report
  })
  if (again)
    throw new Error(
      `Not everything about ${build.project} #${build.number} could be told yet: see its report.json`,
    )
  return others
}

/** A deploy that waited for its stage ends when its turn has come, or never will. */
async function settle(
  ending: Ending,
  { job, report, hasDied }: Pick<Look, 'job' | 'report'> & { hasDied: boolean },
  { store, now }: Reporter,
): Promise<Ending> {
  if (ending.deploy && hasDied && !report.ending)
    return { ...ending, deploy: await recallDeploy(store, job, ending.deploy) }
  if (ending.deploy?.status !== 'waiting') return ending
  const isOverdue = now() > new Date(report.latestEnd ?? job.latestEnd)
  const deploy = await settleDeploy(store, job, ending.deploy, isOverdue)
  const { result, reason } = closeAfterDeploy(job, null, deploy)
  return job.target ? { ...ending, deploy, result, reason } : { ...ending, deploy }
}

/** A job that never started is handed out once more, with a fresh admission and a new latest end. */
async function admitAnew(job: Job, report: Report, reporter: Reporter): Promise<Report> {
  const { store, publish, deadMansSwitch, secrets, granter, now } = reporter
  const url = buildUrl(job, (await secrets()).linkKey)
  const secretVariables = await findSecretVariables(store, job)
  const admission = await admissionOf(
    job,
    { secretVariables, deployRoles: deployRolesOf(job), buildUrl: url },
    granter,
  )
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
  const isOwnStage = view.deploy !== null && mayHaveStage(job, view.deploy.stage)
  const deployment = isOwnStage
    ? await tellDeployment(view, url, report.told.deployment, reporter.github)
    : { told: report.told.deployment, again: false }
  const told = { ...report.told, status: status.told, deployment: deployment.told }
  const again = status.again || deployment.again
  const next = await handOn({ ...look, report: { ...report, told }, again }, reporter)
  if (report.ending && isOver(view)) return told.closed ? next : tellEnding(next, view, url, reporter)
  // The end brings what could not be said now.
  return hasBegun(view) ? { ...(await tellInSlack(next, view, url, reporter)), again: next.again } : next
}

/** Once a build has ended, its stage is there for the next. */
async function handOn(look: Look, { store, askForDeploy }: Reporter): Promise<Look> {
  const { job, run, report } = look
  // A build that died may have had its stage in hand before it could say so.
  const stage = report.ending?.deploy?.stage ?? (run?.phase === 'ended' ? null : run?.plan?.stage)
  if (!report.ending || !stage || report.told.closed) return look
  try {
    return { ...look, others: await handOnStage(store, job, stage, askForDeploy) }
  } catch (error) {
    console.error(error)
    return { ...look, again: true }
  }
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

const hasBegun = ({ status }: View) => status !== 'queued'

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
