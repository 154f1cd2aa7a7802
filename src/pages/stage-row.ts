import { html } from 'hono/html'
import { escapeControls } from '../model/escape-controls.ts'
import type { Deployment } from '../records/deployments.ts'
import type { View } from '../records/view.ts'
import type { Behind } from './commits-behind.ts'
import { renderCopyable } from './copyable.ts'
import type { ShownStage } from './shown-stages.ts'
import { stateIcon } from './state-icon.ts'
import { renderTime } from './time.ts'

/** The state of a stage, as the state of a build. */
const stateOf = ({ latest, deployed }: ShownStage) =>
  latest?.status === 'running'
    ? 'deploying'
    : latest?.status === 'failed'
      ? 'failed'
      : deployed
        ? 'passed'
        : 'skipped'

/** A stage in a few characters, for a list of repositories. */
export function renderStageChip(stage: ShownStage, linkTo: (number: number) => string) {
  const { deployed, latest, hold } = stage
  const state = stateOf(stage)
  const of = deployed ?? latest
  const text = html`${stateIcon(state)} ${stage.stage}${deployed ? html` <code>${deployed.commit.slice(0, 7)}</code>` : ''}${hold ? ' held' : ''}`
  return of
    ? html`<a class="chip ${colorOf(state)}" href="${linkTo(of.build)}" title="${describe(stage)}">${text}</a>`
    : html`<span class="chip ${colorOf(state)}">${text}</span>`
}

const describe = ({ stage, deployed, latest }: ShownStage) =>
  `${stage}: ${deployed ? `#${deployed.build} runs there` : 'nothing runs there yet'}${latest?.status === 'failed' ? `, the deploy of #${latest.build} failed` : latest?.status === 'running' ? `, #${latest.build} is being deployed` : ''}`

/** Stages in the order in which builds deploy to them: the newest build that names them decides. Others follow by name. */
export function inOrderOf(builds: readonly View[], stages: readonly ShownStage[]): ShownStage[] {
  const names = builds.flatMap(({ deploys, manualStages }) => [
    ...deploys.map(({ stage }) => stage),
    ...manualStages,
  ])
  const rank = ({ stage }: ShownStage) => (names.includes(stage) ? names.indexOf(stage) : names.length)
  return stages.toSorted((one, other) => rank(one) - rank(other) || one.stage.localeCompare(other.stage))
}

type StageContext = { repository: string; behind: Behind | null; linkTo: (number: number) => string }

/** A stage as a row: what runs there, since when, by whom, how far it is behind, and whether it is held. */
export function renderStageRow(stage: ShownStage, { repository, behind, linkTo }: StageContext) {
  const { deployed, latest, hold, isPartial } = stage
  const state = stateOf(stage)
  const link = latest && html`<a href="${linkTo(latest.build)}">#${latest.build}</a>`
  const notes = {
    failed: html`<p class="red">deploy failed in ${link}</p>${deployed ? renderRollback(`lambci rollback ${repository} ${stage.stage}`, deployed) : ''}`,
    running: html`<p class="deploying">deploying in ${link}</p>`,
    succeeded: '',
  }
  const until = hold && hold.build !== null ? ` until a push after #${hold.build}` : ''
  const name = deployed?.url
    ? html`<b><a href="${deployed.url}" rel="noreferrer">${stage.stage}</a></b>`
    : html`<b>${stage.stage}</b>`
  const current = deployed
    ? html`<code>${deployed.commit.slice(0, 10)}</code> <a href="${linkTo(deployed.build)}">#${deployed.build}</a>`
    : isPartial
      ? ''
      : html`<span class="soft">nothing yet</span>`
  return html`<li class="row"><span class="${colorOf(state)}">${stateIcon(state)}</span>
<div><p>${name} ${current}</p>${deployed ? renderDeployed(deployed) : ''}${behind ? renderBehind(behind) : ''}${latest ? notes[latest.status] : ''}${hold ? html`<p class="soft">held by ${escapeControls(hold.by)}${until}</p>` : ''}</div>
<p class="soft when">${deployed ? renderTime(deployed.endedAt) : ''}</p></li>`
}

/** The commit that runs on a stage, and who deployed it. */
function renderDeployed({ message, branch, who, by }: Deployment) {
  const from = `${branch}, ${by === null ? who : `by ${by}`}`
  return html`<p class="soft">${escapeControls(message)}</p><p class="soft">${escapeControls(from)}</p>`
}

/** After a failed deploy, a rollback deploys the last successful one again. */
const renderRollback = (command: string, { build }: Deployment) =>
  html`<p class="soft">To roll back to #${build}: ${renderCopyable(command, `To roll back to #${build}`)}</p>`

const renderBehind = ({ count, branch, link }: Behind) =>
  html`<p class="soft"><a href="${link}" rel="noreferrer">${count} ${count === 1 ? 'commit' : 'commits'} behind ${escapeControls(branch)}</a></p>`

const colorOf = (state: string) => (state === 'failed' ? 'red' : state)
