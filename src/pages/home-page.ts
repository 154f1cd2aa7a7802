import { html } from 'hono/html'
import { hasEnded } from '../model/conclusion.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { stateOf, subjectOf } from './build-row.ts'
import { colorOf, iconOf, PLAIN_ICON } from './icon.ts'
import { renderLayout } from './layout.ts'
import type { ListedRepositories, ListedRepository } from './listed-repositories.ts'
import { inOrderOf, renderStageChip } from './stage-row.ts'
import { stateIcon } from './state-icon.ts'
import { renderTime } from './time.ts'

/** Renders the page of all repositories, or of those of one owner. `older`: the link to further ones, null if there are none. */
export function renderHome({ owner, repositories, areAll }: ListedRepositories, older: string | null) {
  const title = owner ?? 'Repositories'
  const isLive = repositories.some(({ newest }) => newest && !hasEnded(newest.status))
  const content = html`
<h1>${title}</h1>
<div id="live" data-live="${String(isLive)}">
${repositories.length > 0 ? html`<ul class="rows">${repositories.map(renderRepository)}</ul>` : renderNone(areAll)}
${older === null ? '' : html`<p><a href="${older}">More repositories</a></p>`}
</div>`
  const newest = repositories[0]?.newest
  const crumbs = owner === null ? [] : [{ text: owner, href: null }]
  return renderLayout(
    { title: `${title} · lambci`, icon: newest ? iconOf(newest) : PLAIN_ICON, crumbs, script: {} },
    content,
  )
}

function renderRepository({ repository, isPrivate, newest, stages, link, linkTo }: ListedRepository) {
  const state = newest
    ? html`<span class="${colorOf(newest)}">${stateIcon(newest.status)}<span class="state">${stateOf(newest)}</span></span>`
    : html`<span class="soft">${stateIcon('skipped')}</span>`
  const build = newest
    ? html`<p class="soft"><a href="${linkTo(newest.number)}">#${newest.number}</a> ${escapeControls(newest.message.split('\n')[0] ?? '')} · ${escapeControls(subjectOf(newest))}</p>`
    : ''
  return html`<li class="row">
${state}
<div><p><a class="cover" href="${link}"><b>${repository}</b></a>${isPrivate ? html` <span class="chip soft">private</span>` : ''}</p>
${build}
${stages.length > 0 ? html`<p class="chips">${inOrderOf(newest ? [newest] : [], stages).map(stage => renderStageChip(stage, linkTo))}</p>` : ''}</div>
<p class="soft when">${newest ? renderTime(newest.queuedAt) : ''}</p>
</li>`
}

const renderNone = (areAll: boolean) =>
  areAll
    ? html`<p>Nothing has been built yet. Add a repository with <code>lambci hook add you/project</code> and push a commit.</p>`
    : html`<p>No public repository has been built here yet. Private ones are shown to those who have the link with its key.</p>`
