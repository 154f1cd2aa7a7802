import { html } from 'hono/html'
import type { BuildLinks } from './build-links.ts'

const KEYS = [
  ['/', 'search the log'],
  ['n', 'next line that is found; without a search, the next failure'],
  ['p', 'the previous one'],
  ['g', 'start'],
  ['G', 'end'],
  ['f', 'follow the end, or pause'],
  ['w', 'wrap long lines'],
  ['t', 'times'],
  ['?', 'this list'],
] as const

/** `standing`: the state of the build. */
type Bar = { links: BuildLinks; hasLog: boolean; standing: ReturnType<typeof html> }

/** Renders the bar above a log, with search, buttons and links, and the list of its keys. */
export function renderLogBar({ links: { whole, download, live, all }, hasLog, standing }: Bar) {
  return html`<div id="bar">
${standing}
<form class="script-only" role="search"><label class="visually-hidden" for="search">Search the log</label><input id="search" type="search" placeholder="Search (press /)" autocomplete="off"><button type="button" data-step="-1" aria-label="Previous" title="Previous (Shift+Enter)">↑</button><button aria-label="Next" title="Next (Enter)">↓</button><output for="search"></output></form>
<span class="buttons script-only"><button type="button" data-do="first-error" hidden>First error</button><button type="button" data-do="start">Start</button><button type="button" data-do="end">End</button><button type="button" data-do="follow" aria-pressed="false" title="Follow the end of the log (press f)"${hasLog ? ' hidden' : ''}>Paused</button><button type="button" data-do="wrap" aria-pressed="true">Wrap</button><button type="button" data-do="times" aria-pressed="false">Times</button><button type="button" data-do="keys" aria-label="Keys" title="Keys (press ?)">?</button></span>
<span class="links"><a href="${hasLog ? whole : live}">Raw log</a> <a href="${hasLog ? download : live}">Download</a>${all === null ? '' : html` <a href="${all}">All logs</a>`}</span>
</div>
<dialog id="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keys</h2><dl>${KEYS.map(([key, meaning]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${meaning}</dd></div>`)}</dl><button type="button" data-do="close-keys">Close</button></dialog>`
}
