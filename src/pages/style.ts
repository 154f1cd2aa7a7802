import { LOG_STYLE } from './log-style.ts'

/** The style of all pages: light and dark, wide and narrow, with and without scripts. */
export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #353b45); --soft: light-dark(#59636e, #9aa4b0);
  --green: light-dark(#1a7f37, #3fb950); --red: light-dark(#c62828, #ff7b72); --blue: light-dark(#0b62c4, #6cb6ff);
  --paper: light-dark(#ffffff, #14171c); --inset: light-dark(#f5f7f9, #0c0e12); --text: light-dark(#1f2328, #e6edf3);
  --mark: light-dark(#fff3c4, #241f00); --found: light-dark(#ffd33d, #9e6a03);
  --small: .8125rem; --medium: .875rem; --large: 1.125rem; --huge: 1.5rem }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; background: var(--paper); color: var(--text) }
header { margin: 0 0 1rem } #crumbs { font-size: var(--medium); color: var(--soft); overflow-wrap: anywhere } #crumbs a { color: inherit; text-decoration: none } #crumbs a:hover { text-decoration: underline }
#crumbs .brand { font-weight: 700; color: var(--text) }
h1 { font-size: var(--huge); margin: 0 0 .25rem; overflow-wrap: anywhere } h1 img { vertical-align: middle; margin-left: .5rem } h2 { font-size: var(--large); margin: 1.5rem 0 .5rem } a { color: var(--blue) }
.status { font-weight: 600; margin: 0 0 .75rem; overflow-wrap: anywhere } h1 .soft { font-weight: 400; font-size: 1em } h1 .icon { width: 1.2rem; height: 1.2rem }
#failure { border: 1px solid color-mix(in srgb, var(--red) 45%, var(--line)); border-radius: 8px; padding: .75rem 1rem; margin: 0 0 1rem } #failure h2 { margin: 0; overflow-wrap: anywhere } #failure pre { margin: .5rem 0; max-height: 18rem; overflow-y: auto } #failure .links { margin: 0; display: flex; gap: 1.5rem; font-size: var(--medium) }
.commands { margin: 0 0 .75rem } #related { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: var(--medium); color: var(--soft); margin: 0 0 .75rem } #related:empty { display: none }
#tabs { display: flex; gap: .25rem; border-bottom: 1px solid var(--line); margin: 0 0 1rem } #tabs a { padding: .5rem 1rem; color: var(--text); text-decoration: none; border-bottom: 2px solid transparent; margin-bottom: -1px }
#tabs a:hover { border-color: var(--line) } #tabs a[aria-current] { border-color: var(--blue); font-weight: 600 } .count { background: var(--inset); border: 1px solid var(--line); border-radius: 999px; padding: 0 .5rem; font-size: var(--small); font-weight: 400; margin-left: .25rem }
#tests li { padding: .5rem 1rem } #tests li + li { border-top: 1px solid var(--line) } #tests summary { cursor: pointer; overflow-wrap: anywhere } #tests pre { margin: .5rem 0 0 }
#standing { display: inline-flex; gap: .25rem; align-items: center; font-weight: 600; text-decoration: none; min-height: 1.9rem; margin-right: .5rem }
.passed, .deploying { color: var(--green) } .red { color: var(--red) } .queued, .running { color: var(--blue) }
.skipped, .cancelled, .waiting, .left-out { color: var(--soft) } .allowed { color: light-dark(#7a5200, #d29922) }
.message { margin: 0 0 .5rem } .message summary { cursor: pointer; color: var(--soft); font-size: var(--medium) }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 0 0 1rem } dl > div { max-width: 100% }
dt { color: var(--soft); font-size: var(--small) } dd { margin: 0; overflow-wrap: anywhere }
pre { background: var(--inset); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-x: auto;
  font: var(--small)/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
.rows { list-style: none; padding: 0; margin: 0 0 1rem; border: 1px solid var(--line); border-radius: 8px }
.row { position: relative; display: grid; grid-template-columns: 1.25rem minmax(0, 1fr) max-content; gap: 0 .75rem; padding: .5rem 1rem }
.row + .row { border-top: 1px solid var(--line) } .row:has(.cover):hover { background: var(--inset) } .row p { margin: 0; overflow-wrap: anywhere; unicode-bidi: isolate }
.row > :first-child { padding-top: .125rem } .rows a { text-decoration: none } .rows a:hover { text-decoration: underline }
.row p a:not(.cover, .chip) { text-decoration: underline } .row .cover { color: var(--text) } .row .cover::after { content: ""; position: absolute; inset: 0; border-radius: 8px } .row .cover:focus-visible { outline: 0 } .row .cover:focus-visible::after { outline: 2px solid var(--blue) }
.row :is(.chip, p a:not(.cover), time) { position: relative; z-index: 1 } .when { text-align: right; white-space: nowrap } .when span.soft { display: none }
.row .reason { font-size: var(--medium); display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden }
.copyable { display: inline-flex; max-width: 100%; align-items: stretch; background: var(--inset); border: 1px solid var(--line); border-radius: 6px; vertical-align: middle }
.copyable code { padding: .25rem .5rem; font-size: var(--medium); overflow-wrap: anywhere; min-width: 0 } .copyable button { border-width: 0 0 0 1px; border-radius: 0 6px 6px 0; height: auto; min-height: 1.8rem; font-size: var(--medium) }
.icon { flex: none; vertical-align: -.15em } .row .state { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.chips { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .25rem !important } .chip { border: 1px solid var(--line); border-radius: 999px; padding: 0 .5rem; font-size: var(--small); line-height: 1.6rem }
.turning { transform-origin: 50% 50%; animation: turn 1.6s linear infinite } @keyframes turn { to { transform: rotate(1turn) } }
@media (prefers-reduced-motion: reduce) { .turning { animation: none } } #jobs .turning { animation: none }
@media (min-width: 64rem) { .sides { display: grid; grid-template-columns: minmax(0, 1fr) 24rem; gap: 0 2rem } .sides > * { min-width: 0 } }
.soft { color: var(--soft); font-size: var(--medium) } .number { font-weight: 600 }
.filter { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1rem 0 }
.filter label { display: grid; font-size: var(--medium); color: var(--soft) }
input, select, button { font: inherit; padding: 0 .5rem; height: 2.2rem; box-sizing: border-box; color: inherit; background: var(--inset);
  border: 1px solid var(--line); border-radius: 6px } button { cursor: pointer } button:hover { border-color: var(--soft) }
button[aria-pressed=true] { background: color-mix(in srgb, var(--blue) 14%, var(--inset)) } ::placeholder { color: var(--soft); opacity: 1 }
.phases { display: block; width: 100%; height: 8px; border-radius: 2px }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: .5rem 0 1rem; padding: 0; font-size: var(--medium); color: var(--soft) }
.legend b { color: var(--text); font-weight: 600 }
.phase-0 { fill: light-dark(#8b949e, #6e7681) } .phase-1 { fill: light-dark(#0b62c4, #58a6ff) } .phase-2 { fill: light-dark(#1a7f37, #3fb950) }
.phase-3 { fill: light-dark(#8250df, #bc8cff) } .phase-4 { fill: light-dark(#9a6700, #d29922) } .phase-5 { fill: light-dark(#bf3989, #f778ba) }
.phase-6 { fill: light-dark(#1b7c83, #39c5cf) } .phase-7 { fill: light-dark(#57606a, #9aa4b0) } .phase-8 { fill: light-dark(#bc4c00, #f0883e) }
.scrolls { overflow-x: auto }
table { border-collapse: collapse; font-size: var(--medium) } th { text-align: left; font-weight: 600; color: var(--soft) }
th, td { border-bottom: 1px solid var(--line); padding: .25rem 1.5rem .25rem 0; overflow-wrap: anywhere; unicode-bidi: isolate }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
#jobs { overflow-y: auto; max-height: 45vh; font-size: var(--medium); margin-bottom: 1rem; border-bottom: 1px solid var(--line) } #jobs:empty { display: none }
#jobs h2, #shown h2 { margin: 0 } #jobs ul { list-style: none; margin: 0; padding: 0 } #jobs li { border-top: 1px solid var(--line); padding: .25rem .5rem; overflow-wrap: anywhere; unicode-bidi: isolate }
#jobs details ul { margin: .25rem 0 0 .5rem } #jobs summary { cursor: pointer } #jobs p { margin: 0 0 0 1.25rem } #jobs > p { margin: 0 0 .5rem }
#jobs a { text-decoration: none } #jobs a:hover { text-decoration: underline } #jobs a[aria-current] { font-weight: 600 }
#jobs li:has(> .job [aria-current]) { background: var(--inset); box-shadow: inset 3px 0 var(--blue) } .job { display: flex; gap: .25rem .75rem; justify-content: space-between }
.job > :first-child { min-width: 0 } .job > :last-child { flex: none } .mark { display: inline-block; width: 1rem; text-align: center } #shown h2 { overflow-wrap: anywhere }
${depths()}
@media (min-width: 64rem) { #columns:has(#jobs:not(:empty)) { display: grid; grid-template-columns: 21rem minmax(0, 1fr); gap: 1.5rem }
  #jobs { position: sticky; top: 0; align-self: start; max-height: 100vh; border: 0; margin: 0 } }
body:not(.scripted) .script-only { display: none !important } .scripted .no-script-only { display: none }
${LOG_STYLE}
@media (max-width: 40rem) { body { padding: 1rem } .row { grid-template-columns: 1.25rem minmax(0, 1fr) } .row > .when { grid-column: 2; text-align: left } .when br { display: none } .when span.soft { display: inline; font-size: 1em }
}
`

/** Jobs that need others are indented below them. */
function depths(): string {
  const ruleOf = (depth: number) =>
    `#jobs .depth-${depth} { margin-left: ${depth}rem; border-left: 2px solid var(--line) }`
  return [1, 2, 3, 4, 5, 6].map(ruleOf).join(' ')
}
