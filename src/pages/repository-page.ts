import { html } from 'hono/html'
import { BUILD_STATUSES, hasEnded } from '../model/conclusion.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { describeCost } from '../records/cost.ts'
import type { View } from '../records/view.ts'
import { renderBuildRow } from './build-row.ts'
import type { Behind } from './commits-behind.ts'
import { renderCopyable } from './copyable.ts'
import type { Crumb } from './crumbs.ts'
import { iconOf, PLAIN_ICON } from './icon.ts'
import { renderLayout } from './layout.ts'
import type { ShownStage } from './shown-stages.ts'
import { inOrderOf, renderStageRow } from './stage-row.ts'
import { stateIcon } from './state-icon.ts'
import { renderTime } from './time.ts'

export type Filter = { branch: string; status: string }

export type BranchState = {
  branch: string
  number: number
  status: string
  deploy: string | null
  endedAt: string
}

export type RepositoryParts = {
  /** `owner/repo`, as GitHub spells it. */
  repository: string
  /** The pages above this one. */
  crumbs: readonly Crumb[]
  /** Newest first, filtered. */
  builds: readonly View[]
  /** The link to the page with older builds, with a key if necessary; null if there are none. */
  older: string | null
  /** The newest ended build of each branch, newest first. */
  branches: readonly BranchState[]
  stages: readonly ShownStage[]
  /** How far a stage is behind the default branch; null if it is not, or if that is not known. */
  behindOf: (stage: ShownStage) => Behind | null
  /** The cost of this month's builds, in US dollars; null if none has ended. */
  spent: number | null
  filter: Filter
  /** The link to a build, with a key if necessary. */
  linkTo: (number: number) => string
  /** The badge, with a key if necessary. */
  badge: { path: string; url: string }
  /** The page's own key, which its form passes on. */
  key: string | null
}

/** Renders the page of a repository. Its script keeps it up to date. */
export function renderRepositoryPage(parts: RepositoryParts) {
  const { repository, crumbs, builds, badge } = parts
  const newest = builds[0]
  const isLive = builds.some(({ status }) => !hasEnded(status))
  const content = html`
<h1>${repository} <img src="${badge.path}" alt="Status of the default branch" height="20"></h1>
<div id="live" class="sides" data-live="${String(isLive)}">
<section aria-labelledby="builds-title">${renderBuilds(parts)}</section>
<div>${renderStages(parts)}${renderBranches(parts)}${renderCost(parts)}${renderBadge(parts)}</div>
</div>`
  const icon = newest ? iconOf(newest) : PLAIN_ICON
  return renderLayout({ title: `${repository} · lambci`, icon, crumbs, script: {} }, content)
}

function renderBuilds({ builds, older, filter, key, linkTo }: RepositoryParts) {
  const states = ['', ...BUILD_STATUSES].map(
    status =>
      html`<option value="${status}"${status === filter.status ? html` selected` : ''}>${status || 'any'}</option>`,
  )
  return html`<h2 id="builds-title">Builds</h2>
<form class="filter">
${key === null ? '' : html`<input type="hidden" name="key" value="${key}">`}
<label>Branch <input name="branch" value="${filter.branch}" autocomplete="off"></label>
<label>State <select name="status">${states}</select></label>
<button>Show</button>
</form>
${builds.length > 0 ? html`<ol class="rows">${builds.map(view => renderBuildRow(view, linkTo(view.number)))}</ol>` : html`<p>No builds found${older === null ? '' : ' among the newest'}.</p>`}
${older === null ? '' : html`<p><a href="${older}">Older builds</a></p>`}`
}

function renderStages({ repository, stages, builds, behindOf, linkTo }: RepositoryParts) {
  if (stages.length === 0) return ''
  const rows = inOrderOf(builds, stages).map(stage =>
    renderStageRow(stage, { repository, behind: behindOf(stage), linkTo }),
  )
  return html`<section aria-labelledby="stages-title"><h2 id="stages-title">Stages</h2>
<ul class="rows" aria-label="Deployed to each stage">${rows}</ul></section>`
}

function renderBranches({ branches, linkTo }: RepositoryParts) {
  if (branches.length === 0) return ''
  return html`<section aria-labelledby="branches-title"><h2 id="branches-title">Branches</h2>
<ul class="rows" aria-label="Newest build of each branch">${branches.map(state => renderBranch(state, linkTo(state.number)))}</ul></section>`
}

function renderBranch({ branch, number, status, deploy, endedAt }: BranchState, link: string) {
  const isFailed = deploy === 'failed' || status === 'failed' || status === 'errored'
  const state = deploy === 'failed' ? 'deploy failed' : status
  return html`<li class="row"><span class="${isFailed ? 'red' : status}">${stateIcon(deploy === 'failed' ? 'failed' : status)}<span class="visually-hidden">${state}</span></span>
<p><a class="cover" href="${link}">${escapeControls(branch)} <span class="soft">#${number}</span></a></p><p class="soft when">${renderTime(endedAt)}</p></li>`
}

const renderCost = ({ spent }: RepositoryParts) =>
  spent === null ? '' : html`<h2>Cost</h2><p>${describeCost(spent)} this month, estimated</p>`

function renderBadge({ repository, badge }: RepositoryParts) {
  const markdown = `[![${repository}](${badge.url})](${badge.url.replace(/\/badge\.svg.*$/, '')})`
  return html`<h2>Badge</h2>
<p>${renderCopyable(markdown, 'Markdown of the badge')}</p>`
}
