import { html } from 'hono/html'
import { describeCost } from '../build/cost.ts'
import { describeDuration, durationOf, isRed } from '../build/outcome.ts'
import { BUILD_STATUSES } from '../build/result.ts'
import type { View } from '../build/view.ts'
import { repositoryOf } from '../job/job.ts'
import { renderFrame } from './frame.ts'

export type Filter = { branch: string; status: string }

export type RepositoryParts = {
  project: string
  /** Newest first, those that the filter lets through. */
  builds: readonly View[]
  filter: Filter
  /** To a build, and to the badge, with a key where one is needed. */
  linkTo: (view: View) => string
  badge: { path: string; url: string }
  /** The page's own key, which its form hands on. */
  key: string | null
}

/** The builds of a repository as a page. */
export function renderRepositoryPage(parts: RepositoryParts) {
  const { project, builds, filter, linkTo, badge, key } = parts
  const repository = repositoryOf(project)
  const markdown = `[![${repository}](${badge.url})](${badge.url.replace(/\/badge\.svg.*$/, '')})`
  const content = html`
<h1>${repository}</h1>
<p><img src="${badge.path}" alt="How the default branch stands"></p>
<form class="filter">
${key === null ? '' : html`<input type="hidden" name="key" value="${key}">`}
<label>Branch <input name="branch" value="${filter.branch}"></label>
<label>State <select name="status">${['', ...BUILD_STATUSES].map(
    status =>
      html`<option value="${status}"${status === filter.status ? html` selected` : ''}>${status || 'any'}</option>`,
  )}</select></label>
<button>Show</button>
</form>
${builds.length > 0 ? html`<ol class="list">${builds.map(view => describe(view, linkTo(view)))}</ol>` : html`<p>No build fits.</p>`}
<h2>Badge</h2>
<pre tabindex="0" aria-label="Markdown of the badge">${markdown}</pre>`
  return renderFrame({ title: repository }, content)
}

function describe(view: View, link: string) {
  const { number, status, message, author, deploy, cost } = view
  const duration = durationOf(view)
  const where = view.pullRequest === null ? view.branch : `#${view.pullRequest} ${view.checkoutBranch}`
  const facts = [
    where,
    author.name,
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
