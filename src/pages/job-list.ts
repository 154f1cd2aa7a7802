import { html } from 'hono/html'
import { escapeControls } from '../model/escape-controls.ts'
import { VERIFY_JOB } from '../model/job.ts'
import { describeCounts } from '../model/tests.ts'
import { countStates, describeJobDuration, describeJobState, isRedJob } from '../records/job-wording.ts'
import { LEAD } from '../records/keys.ts'
import { attemptPath, jobPath } from '../records/links.ts'
import { hasJobList, type JobView, type View } from '../records/view.ts'
import { groupJobs, type JobGroup } from './job-groups.ts'
import { earlierEndOf, isOfEarlier, type ShownLog, titleOfLog } from './shown-log.ts'
import { stateIcon } from './state-icon.ts'
import { formatUtc } from './time.ts'

type Listed = {
  view: View
  /** The job whose log the page shows. */
  shown: JobView | null
  withKey: WithKey
}
/** Adds the key of a private build to a path. */
type WithKey = (path: string) => string

/** Renders the list of a build's jobs. Empty for a build of one job, unless its failure was allowed. The page's script refreshes it. */
export function renderJobList(listed: Listed) {
  const { view, shown } = listed
  const { length } = view.jobs
  if (!hasJobList(view)) return html`<nav id="jobs" aria-label="Jobs"></nav>`
  const rows = groupJobs(view.jobs, shown?.key ?? null).map(group => renderGroup(group, listed))
  return html`<nav id="jobs" aria-label="Jobs" tabindex="0"><h2>${length} ${length === 1 ? 'job' : 'jobs'}</h2>
<p class="soft">${countStates(view.jobs)}</p>
<ul>${rows}</ul></nav>`
}

/** Deeper jobs are not indented further. */
const MOST_DEPTH = 6

function renderGroup(group: JobGroup, listed: Listed) {
  const { title, jobs, depth, isOpen } = group
  const [first] = jobs
  if (!first) return ''
  const levels = `depth-${Math.min(depth, MOST_DEPTH)}`
  if (jobs.length === 1)
    return html`<li class="${levels}">${renderJob(first, listed)}${renderNeeds(first)}</li>`
  const parts = `${jobs.length} ${listed.view.repeats ? 'runs' : first.shard ? 'shards' : first.isDeploy ? 'stages' : 'cells'}`
  const color = colorOf(jobs.find(isRedJob) ?? jobs.find(({ status }) => status !== 'passed') ?? first)
  const state = isOpen ? html` open` : ''
  return html`<li class="${levels}"><details data-open="${String(isOpen)}"${state}><summary>${mark(color)} <b>${escapeControls(title)}</b> ${parts}: ${countStates(jobs)}</summary>
<ul>${jobs.map(job => html`<li>${renderJob(job, listed)}</li>`)}</ul></details>${renderNeeds(first)}</li>`
}

function renderJob(job: JobView, { view, shown, withKey }: Listed) {
  const { key, ref, reason, tests } = job
  const title = html`${mark(colorOf(job))} ${escapeControls(job.title)}`
  const isShown = key !== null && key === shown?.key
  const name =
    key === null || ref === null
      ? html`<span>${title}</span>`
      : html`<a href="${withKey(jobPath(view, key))}"${isShown ? html` aria-current="true"` : ''}>${title}</a>`
  return html`<div class="job">${name} <span class="${colorOf(job)}">${describeJobState(job)}</span></div>${renderPlace(job)}${tests ? html`<p class="soft">Tests: ${describeCounts(tests)}</p>` : ''}${reason ? html`<p class="soft">${escapeControls(reason)}</p>` : ''}`
}

/** How long it ran, and where. */
function renderPlace(job: JobView) {
  const duration = describeJobDuration(job)
  if (duration !== null) return html`<p class="soft">${duration} on Lambda</p>`
  return job.status === 'running' && job.startedAt
    ? html`<p class="soft"><span data-since="${job.startedAt}">since ${formatUtc(job.startedAt)}</span> on Lambda</p>`
    : ''
}

/** Further needs are only counted. */
const MOST_NEEDS = 6

function renderNeeds({ name, needs, isDeploy }: JobView) {
  if (needs.length === 0) return ''
  const left = needs.length - MOST_NEEDS
  const names = `${needs.slice(0, MOST_NEEDS).join(', ')}${left > 0 ? ` and ${left} more` : ''}`
  return html`<p class="soft">${isDeploy ? (name === VERIFY_JOB ? 'after the deploy' : 'after all other jobs') : `needs ${names}`}</p>`
}

/** The CSS class of a job's state. */
export const colorOf = (job: JobView): string =>
  job.isAllowedFailure ? 'allowed' : isRedJob(job) ? 'red' : job.status

/** The icon of a state. Words beside it say the same. */
const mark = (color: string) =>
  html`<span class="mark ${color}">${stateIcon(color === 'red' ? 'failed' : color)}</span>`

/** Renders which job's log the page shows, if there is a list of them. The page's script refreshes it. */
export function renderShown(view: View, shown: ShownLog, withKey: WithKey) {
  const { job } = shown
  if (!job || !hasJobList(view)) return html`<div id="shown"></div>`
  const title = html`<h2>${escapeControls(titleOfLog(shown) ?? '')}</h2>`
  if (isOfEarlier(shown) && job.key !== null)
    return html`<div id="shown">${title}<p class="status red">${earlierEndOf(shown)}; see <a href="${withKey(jobPath(view, job.key))}">the one that counts</a></p></div>`
  const reason = job.reason ? `: ${escapeControls(job.reason)}` : ''
  return html`<div id="shown">${title}<p class="status ${colorOf(job)}">${describeJobState(job)}${reason}</p>${renderEarlier(view, job, withKey)}</div>`
}

/** The attempts before the one that counts. */
const renderEarlier = (view: View, { key, earlierAttempts }: JobView, withKey: WithKey) =>
  earlierAttempts.map((end, index) => {
    const path = attemptPath(view, { key: key ?? LEAD.key, attempt: index + 1 })
    return html`<p class="soft">Attempt ${index + 1} ${end}: <a href="${withKey(path)}">see its log</a></p>`
  })
