import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #353b45); --soft: light-dark(#59636e, #9aa4b0);
  --green: light-dark(#1a7f37, #3fb950); --red: light-dark(#c62828, #ff7b72); --blue: light-dark(#0b62c4, #6cb6ff);
  --paper: light-dark(#ffffff, #14171c); --inset: light-dark(#f5f7f9, #0c0e12) }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; background: var(--paper) }
h1 { font-size: 1.4rem; margin: 0 0 .25rem } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem } a { color: var(--blue) }
.outcome { font-weight: 600; margin: 0 0 1.25rem; overflow-wrap: anywhere }
.passed, .deploying { color: var(--green) } .red { color: var(--red) } .queued, .running { color: var(--blue) }
.skipped, .cancelled { color: var(--soft) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 0 0 1.25rem }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
pre { background: var(--inset); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-x: auto;
  font: 13px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
ol { list-style: none; padding: 0; margin: 0 } ol > li { border-top: 1px solid var(--line); padding: .6rem 0; display: grid;
  grid-template-columns: 4.5rem 1fr max-content; gap: .1rem 1rem }
li p { margin: 0; overflow-wrap: anywhere } .soft { color: var(--soft); font-size: .9em } .number { font-weight: 600 }
.state { text-align: right } form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1rem 0 }
label { display: grid; font-size: .9em; color: var(--soft) } input, select, button { font: inherit; padding: 0 .5rem; height: 2.2rem; box-sizing: border-box }
@media (max-width: 40rem) { body { padding: 1rem } ol > li { grid-template-columns: 3.5rem 1fr } .state { grid-column: 2; text-align: left } }
`
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** A page runs nothing and loads nothing: whatever a log or a commit message says, it stays text. */
export const PAGE_HEADERS = headersWith("form-action 'none'")

/** Of a page with a form and an image, both of this very server. */
export const FORM_PAGE_HEADERS = headersWith("img-src 'self'; form-action 'self'")

function headersWith(more: string) {
  return {
    'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; ${more}; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    // A private page's key must not travel on with a click.
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  }
}

type Content = HtmlEscapedString | Promise<HtmlEscapedString>

/** What all pages have around them; `reloadSeconds` for one that is not finished. */
export function renderFrame(
  { title, reloadSeconds }: { title: string; reloadSeconds?: number | undefined },
  content: Content,
) {
  const reload =
    reloadSeconds === undefined ? '' : html`<meta http-equiv="refresh" content="${reloadSeconds}">`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${reload}
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>`
}
