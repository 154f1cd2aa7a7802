import { html } from 'hono/html'
import { hasEnded } from '../model/conclusion.ts'
import { hasJobList, type View } from '../records/view.ts'
import { approveCommandOf, deployCommandsOf, isRed } from '../records/wording.ts'
import { renderCopyable } from './copyable.ts'

/** The commands that a person may want to run next, each with its purpose. */
function commandsFor(view: View): [purpose: string, command: string][] {
  const { status, repository, number, target, repeats } = view
  const name = `${repository}#${number}`
  if (status === 'waiting') return [['To approve it', approveCommandOf(view)]]
  if (!hasEnded(status)) return [['To cancel it', `lambci cancel ${name}`]]
  // It cannot be built again, and the title of its job is not safe in a shell.
  if (repeats) return []
  const deploys = deployCommandsOf(view).map((command): [string, string] => ['To deploy it', command])
  if (target) return deploys
  const isPartlyRed = hasJobList(view) && isRed(view)
  return [
    ...deploys,
    ...(isPartlyRed
      ? [['To run again what has not passed', `lambci rebuild ${name} --failed`] as [string, string]]
      : []),
    ['To build it again', `lambci rebuild ${name}`],
  ]
}

/** Renders the commands to copy. */
export function renderCommands(view: View) {
  const commands = commandsFor(view)
  if (commands.length === 0) return ''
  return html`<dl class="commands">${commands.map(([purpose, command]) => html`<div><dt>${purpose}</dt><dd>${renderCopyable(command, purpose)}</dd></div>`)}</dl>`
}
