/** The style of a log and the bar above it. */
export const LOG_STYLE = `
#bar { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; background: var(--paper);
  padding: .5rem 0; font-size: var(--medium) } #bar .links { margin-left: auto }
#bar form { display: flex; gap: .5rem; align-items: center; flex-wrap: wrap } #bar input { width: 14rem }
#bar input, #bar button { height: 1.9rem } #bar button { padding: 0 .5rem } #bar a, #bar .buttons > * { margin-right: .25rem }
#log { background: var(--inset); border: 1px solid var(--line); border-radius: 8px; font: var(--small)/1.5 ui-monospace, monospace;
  overflow-x: auto; overflow-anchor: none; tab-size: 8 } .scripted #log { padding: .5rem 0 } #log pre { border: 0; margin: 0 }
.line { display: flex; contain: layout style; unicode-bidi: isolate; min-width: max-content; background: var(--inset) } .wrap .line { min-width: 0 } .line > a { position: sticky; left: 0; background: inherit; flex: none; min-width: 3.2rem; padding: 0 .75rem 0 .5rem; text-align: right; color: var(--soft);
  text-decoration: none; user-select: none; box-sizing: border-box } .line > a:hover, .line > a:focus-visible { text-decoration: underline }
.line .text { white-space: pre; unicode-bidi: isolate; padding-right: 1rem } .wrap .text { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0 }
.text a { color: inherit; text-decoration: underline; text-underline-offset: 2px } .line .text:empty::after { content: "\\200b" } .line em { color: var(--soft) }
.marked, .current { background: var(--mark) } .marked > a { box-shadow: inset 3px 0 var(--found) } .current > a { box-shadow: inset 3px 0 var(--blue) }
::highlight(search) { background-color: var(--found); color: light-dark(#000, #fff) }
.bold { font-weight: 700 } .dim:not([class*=ansi], [style]) { color: var(--soft) } .dim:is([class*=ansi], [style]):not([class*=on-], [style*=background]) { opacity: .9 } .italic { font-style: italic } .underline { text-decoration: underline }
.strikethrough { text-decoration: line-through } .hidden { visibility: hidden }
.times .line > a::before { content: attr(data-at); display: inline-block; min-width: 4.5rem; margin-right: .75rem; opacity: .85 }
.runner > .text { color: var(--soft) }
.head { min-height: 24px } .head > a { padding-block: 2px } .head > .text { display: flex; flex: 1; gap: .5rem; align-items: baseline; min-width: 0; height: auto; padding: 2px 1rem 2px 0; font: inherit; text-align: left; border: 0; border-radius: 0; background: none }
.head > .text::before { content: "▾"; color: var(--soft) } .head > .text[aria-expanded=false]::before { content: "▸" } .head > .text:hover { background: color-mix(in srgb, var(--soft) 12%, transparent) }
.head > .text:focus-visible { outline: 2px solid var(--blue); outline-offset: -2px } .head span { flex: 1; min-width: 0 } .head small { flex: none; font-size: 1em } .head small.passed { color: var(--soft) } .head b:empty { display: none }
.phase { border-top: 1px solid var(--line) } .phase:first-child { border-top: 0 }
#keys { border: 1px solid var(--line); border-radius: 8px; background: var(--paper); color: var(--text); max-width: 28rem } #keys::backdrop { background: rgb(0 0 0 / 40%) } #keys h2 { margin: 0 0 .75rem }
#keys dl { display: grid; gap: .5rem; } #keys dl > div { display: grid; grid-template-columns: 2.5rem 1fr } kbd { font: var(--small)/1.4 ui-monospace, monospace; border: 1px solid var(--line); border-radius: 4px; padding: .125rem .5rem; background: var(--inset); color: var(--text) }
${ansiColors()}
.reverse { background: currentColor !important } .reverse > span { color: var(--inset) }
@media (max-width: 40rem) { #bar input { width: 11rem } #bar { gap: .25rem .5rem } #bar .links { margin-left: 0 } .line > a { min-width: 2.4rem; padding: 0 .5rem 0 .25rem } #log { font-size: var(--small) }
  .times .line > a::before { min-width: 3rem; margin-right: .5rem } }
@media (pointer: coarse) { .line { min-height: 24px } #bar :is(button, input) { min-height: 2.4rem } #bar .links a { display: inline-block; padding: .5rem 0 } }
`

/** The sixteen ANSI colours, adapted so that all are readable on the log's background. */
function ansiColors(): string {
  const colors: Record<string, [light: string, dark: string]> = {
    black: ['#1f2328', '#a5aeb8'],
    red: ['#b3202a', '#ff7b72'],
    green: ['#116329', '#3fb950'],
    yellow: ['#7a5200', '#d29922'],
    blue: ['#0550ae', '#58a6ff'],
    magenta: ['#7c3aa0', '#d2a8ff'],
    cyan: ['#0f5c6e', '#39c5cf'],
    white: ['#57606a', '#d0d7de'],
    'bright-black': ['#57606a', '#a5aeb8'],
    'bright-red': ['#a40e26', '#ffa198'],
    'bright-green': ['#0f6a2b', '#56d364'],
    'bright-yellow': ['#6b5000', '#e3b341'],
    'bright-blue': ['#0a58c2', '#79c0ff'],
    'bright-magenta': ['#7440c9', '#e2c5ff'],
    'bright-cyan': ['#11646b', '#56d4dd'],
    'bright-white': ['#3b4148', '#ffffff'],
  }
  return Object.entries(colors)
    .map(([name, [light, dark]]) => {
      const color = `light-dark(${light}, ${dark})`
      // Backgrounds are translucent, so that text in any colour stays readable.
      return `.ansi-${name} { color: ${color} } .on-ansi-${name} { background: color-mix(in srgb, ${color} 11%, transparent) }`
    })
    .join('\n')
}
