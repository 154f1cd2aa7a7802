import { describeDuration } from '../../model/duration.ts'
import { describeCounts, titleOfTest } from '../../model/tests.ts'
import { describeCost } from '../../records/cost.ts'
import { excerptOf } from '../../records/failure-wording.ts'
import { describeJobDuration, describeJobStatus } from '../../records/job-wording.ts'
import { allJobsOf } from '../../records/json-view.ts'
import type { JobView } from '../../records/view.ts'
import { durationOf } from '../../records/wording.ts'
import type { Details, FailedTest } from './details.ts'
import { blockOf, codeOf, linkTo } from './markdown.ts'

/** In bytes. GitHub takes 65,535 characters. https://docs.github.com/rest/checks/runs */
const MOST_BYTES = 65_000
/** Of the table of jobs, so that failures have room. */
const MOST_TABLE_BYTES = 40_000
/** How many failures are shown with their messages. */
const MOST_SHOWN = 10

/** The summary of a build that has ended: its jobs, tests and cost, and the first tests that failed. Markdown of at most `MOST_BYTES`. */
export function summaryOf(details: Details, url: string): string {
  const { view } = details
  const blocks = [
    `${linkTo(url, 'Log and details')}`,
    tableOf(allJobsOf(view), url),
    totalsOf(details).join(' · '),
    ...failuresOf(details, url),
  ]
  return fitting(blocks.filter(Boolean), '\n\n', MOST_BYTES).text
}

/** As many of the texts as fit, in order, and how many do not. */
function fitting(texts: readonly string[], separator: string, most: number) {
  let bytes = 0
  const fits = texts.findIndex(text => {
    bytes += Buffer.byteLength(text) + separator.length
    return bytes > most
  })
  const kept = fits === -1 ? texts : texts.slice(0, fits)
  return { text: kept.join(separator), left: texts.length - kept.length }
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
    cost === null ? '' : describeCost(cost),
  ]
  return `| ${cells.join(' | ')} |`
}

/** The page of a job. The key of its build's page opens it. */
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
    ...(view.cost === null ? [] : [`Cost: ${describeCost(view.cost)}`]),
    ...view.deploys.map(
      ({ stage, status, reason }) =>
        `Deploy to ${codeOf(stage)}: ${status}${reason ? ` (${codeOf(reason)})` : ''}`,
    ),
  ]
}

function failuresOf({ failures, failed }: Details, url: string): string[] {
  const shown = failures.slice(0, MOST_SHOWN)
  const left = failed - shown.length
  return [...shown.flatMap(describe), ...(left > 0 ? [linkTo(url, `and ${left} more`)] : [])]
}

function describe(failure: FailedTest): string[] {
  const { job, file, line, message } = failure
  const place = file === null ? '' : ` (${codeOf(`${file}${line === null ? '' : `:${line}`}`)})`
  const excerpt = excerptOf(message)
  return [
    `**${job === null ? '' : `${codeOf(job)}: `}${codeOf(titleOfTest(failure)) || 'A test'}**${place}`,
    ...(excerpt.length > 0 ? [blockOf(excerpt)] : []),
  ]
}
