import { html } from 'hono/html'
import { BUILD_STATUSES } from '../model/conclusion.ts'
import { describeDuration } from '../model/duration.ts'
import { describeCost } from '../records/cost.ts'
import type { View } from '../records/view.ts'
import { durationOf, isRed } from '../records/wording.ts'
import { iconOf, PLAIN_ICON } from './icon.ts'
import { renderLayout } from './layout.ts'
import type { ShownStage } from './shown-stages.ts'
import { formatUtc } from './time.ts'

export type Filter = { branch: string; status: string }

export type BranchState = { branch: string; number: number; status: string; deploy: string | null }

export type RepositoryParts = {
  /** `owner/repo`, as GitHub spells it. */
  repository: string
  /** Newest first, filtered. */
  builds: readonly View[]
  /** The link to the page with builds that are older, with a key if necessary; null if there are none. */
  older: string | null
  /** The newest ended build of each branch, newest first. */
  branches: readonly BranchState[]

  stages: readonly ShownStage[]
  filter: Filter
  /** The link to a build, with a key if necessary. */
  linkTo: (number: number) => string
  /** The badge, with a key if necessary. */
  badge: { path: string; url: string }
  /** The page's own key, which its form passes on. */
  key: string | null
}

/** Renders the page of a repository. */
export function renderRepositoryPage(parts: RepositoryParts) {
  const { repository, builds, older, branches, stages, filter, linkTo, badge, key } = parts
  const newest = builds[0]
  const markdown = `[![${repository}](${badge.url})](${badge.url.replace(/\/badge\.svg.*$/, '')})`
  const content = html`
<h1>${repository}</h1>
<p><img src="${badge.path}" alt="Status of the default branch"></p>
${stages.length > 0 ? html`<h2>Stages</h2><ul class="inline-list" aria-label="Deployed to each stage">${stages.map(state => describeStage(state, linkTo))}</ul>` : ''}
${branches.length > 0 ? html`<h2>Branches</h2><ul class="inline-list" aria-label="Newest build of each branch">${branches.map(state => describeBranch(state, linkTo(state.number)))}</ul>` : ''}
<h2>Builds</h2>
<form class="filter">
${key === null ? '' : html`<input type="hidden" name="key" value="${key}">`}
<label>Branch <input name="branch" value="${filter.branch}"></label>
<label>State <select name="status">${['', ...BUILD_STATUSES].map(
    status =>
      html`<option value="${status}"${status === filter.status ? html` selected` : ''}>${status || 'any'}</option>`,
  )}</select></label>
<button>Show</button>
</form>
${builds.length > 0 ? html`<ol class="list">${builds.map(view => describe(view, linkTo(view.number)))}</ol>` : html`<p>No builds found${older === null ? '' : ' among the newest'}.</p>`}
${older === null ? '' : html`<p><a href="${older}">Older builds</a></p>`}
<h2>Badge</h2>
<pre tabindex="0" aria-label="Markdown of the badge">${markdown}</pre>`
  return renderLayout({ title: repository, icon: newest ? iconOf(newest) : PLAIN_ICON }, content)
}

function describeStage(
  { stage, deployed, latest, hold, isPartial }: ShownStage,
  linkTo: (number: number) => string,
) {
  const current = deployed
    ? html`<code>${deployed.commit.slice(0, 10)}</code> <a href="${linkTo(deployed.build)}">#${deployed.build}</a> <time class="soft" datetime="${deployed.endedAt}">${formatUtc(deployed.endedAt)}</time>${deployed.by === null ? '' : html` <span class="soft">by ${deployed.by}</span>`}`
    : isPartial
      ? ''
      : 'nothing yet'
  const link = latest && html`<a href="${linkTo(latest.build)}">#${latest.build}</a>`
  const notes = {
    failed: html` <span class="red">deploy failed in ${link}</span>`,
    running: html` deploying in ${link}`,
    succeeded: '',
  }
  const until = hold && hold.build !== null ? ` until a push after #${hold.build}` : ''
  const name = deployed?.url ? html`<a href="${deployed.url}" rel="noreferrer">${stage}</a>` : stage
  return html`<li><b>${name}</b> ${current}${latest ? notes[latest.status] : ''}${hold ? html` <span class="soft">held by ${hold.by}${until}</span>` : ''}</li>`
}

function describeBranch({ branch, number, status, deploy }: BranchState, link: string) {
  const isFailed = deploy === 'failed' || status === 'failed' || status === 'errored'
  const state = deploy === 'failed' ? 'deploy failed' : status
  return html`<li>${branch} <a href="${link}">#${number}</a> <span class="${isFailed ? 'red' : status}">${state}</span></li>`
}

function describe(view: View, link: string) {
  const { number, status, message, author, deploy, cost } = view
  const duration = durationOf(view)
  const subject = view.pullRequest === null ? view.branch : `#${view.pullRequest} ${view.checkoutBranch}`
  const facts = [
    subject,
    author.name,
    view.jobs.length > 1 ? `${view.jobs.length} jobs` : null,
    duration === null ? null : describeDuration(duration),
    cost === null ? null : describeCost(cost),
    deploy && `${deploy.stage}: ${deploy.status}`,
  ].filter(fact => fact !== null)
  return html`<li>
<a class="number" href="${link}">#${number}</a>
<div><p>${message.split('\n')[0]}</p><p class="soft">${facts.join(' · ')}</p></div>
<span class="state ${isRed(view) ? 'red' : status}">${status}</span>
</li>`
}
