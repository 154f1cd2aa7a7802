import { describeDuration } from '../../model/duration.ts'
import { excerptOf } from '../../model/failure.ts'
import { describeCounts, titleOfTest } from '../../model/tests.ts'
import { describeCost } from '../../records/cost.ts'
import { describeJobDuration, describeJobStatus } from '../../records/job-wording.ts'
import { allJobsOf } from '../../records/json-view.ts'
import type { JobView } from '../../records/view.ts'
import { durationOf } from '../../records/wording.ts'
import type { Details, FailedTest } from './details.ts'
import { blockOf, codeOf, encoded, fitting, linkTo } from './markdown.ts'

/**
 * In bytes, without the links to the rest. Altogether within GitHub's limit of 65,535 characters. https://docs.github.com/rest/checks/runs
 */
const MOST_FAILURE_BYTES = 20_000
const MOST_TABLE_BYTES = 40_000
/** The limit for the message of one failure, in bytes. */
const MOST_EXCERPT_BYTES = 4000
/** How many failures are shown. */
const MOST_SHOWN = 10

/** The summary of a build that has ended, in Markdown: the first tests that failed, its jobs, time and cost. */
export function summaryOf(details: Details, url: string): string {
  return [
    [linkTo(url, 'Log and details'), ...totalsOf(details)].join(' · '),
    ...failuresOf(details, url),
    tableOf(allJobsOf(details.view), url),
  ].join('\n\n')
}

function tableOf(jobs: readonly JobView[], url: string): string {
  const head = '| Job | State | Time | Tests | Cost |\n|---|---|---|---|---|\n'
  const { text, left } = fitting(
    jobs.map(job => rowOf(job, url)),
    '\n',
    MOST_TABLE_BYTES,
  )
  return `${head}${text}${left > 0 ? `\n\n${linkTo(url, `and ${left} more jobs`)}` : ''}`
}

function rowOf(job: JobView, url: string): string {
  const { key, title, passedIn, reason, tests, cost } = job
  const name = codeOf(title)
  const state = `${describeJobStatus(job)}${passedIn === null ? '' : ` in build ${passedIn}`}`
  const cells = [
    key === null ? name : linkTo(jobUrl(url, key), name),
    reason ? `${state}: ${codeOf(reason)}` : state,
    describeJobDuration(job) ?? '',
    tests ? describeCounts(tests) : '',
    cost === null ? '' : encoded(describeCost(cost)),
  ]
  return `| ${cells.join(' | ')} |`
}

/** The page of a job. The key of its build's page also opens it. */
function jobUrl(url: string, key: number): string {
  const job = new URL(url)
  job.pathname += `/jobs/${key}`
  return job.href
}

function totalsOf({ view, failed }: Details): string[] {
  const duration = durationOf(view)
  return [
    ...(duration === null ? [] : [`Time: ${describeDuration(duration)}`]),
    ...(failed > 0 ? [`Failed tests: ${failed}`] : []),
    ...(view.cost === null ? [] : [`Cost: ${encoded(describeCost(view.cost))}`]),
    ...view.deploys.map(({ stage, status }) => `Deploy to ${codeOf(stage)}: ${status}`),
  ]
}

function failuresOf({ failures, failed }: Details, url: string): string[] {
  const { text, left } = fitting(failures.slice(0, MOST_SHOWN).map(describe), '\n\n', MOST_FAILURE_BYTES)
  const hidden = failed - Math.min(failures.length, MOST_SHOWN) + left
  return [text, hidden > 0 ? linkTo(url, `and ${hidden} more`) : ''].filter(Boolean)
}

function describe(failure: FailedTest): string {
  const { job, file, line, message } = failure
  const place = file === null ? '' : ` (${codeOf(`${file}${line === null ? '' : `:${line}`}`)})`
  const title = `**${job === null ? '' : `${codeOf(job)}: `}${codeOf(titleOfTest(failure)) || 'A test'}**${place}`
  const excerpt = blockOf(excerptOf(message.split('\n')), MOST_EXCERPT_BYTES)
  return excerpt === '' ? title : `${title}\n\n${excerpt}`
}
