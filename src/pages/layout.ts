import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { BROWSER_SCRIPT } from './browser-script.ts'
import { STYLE } from './style.ts'

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const [STYLE_HASH, SCRIPT_HASH] = [hashOf(STYLE), hashOf(BROWSER_SCRIPT)]

/**
 * A page runs its own script and nothing else, and speaks to its own server alone: whatever a log or a commit message
 * says, it stays text.
 */
export const SCRIPTED_PAGE_HEADERS = headersWith(
  `script-src ${SCRIPT_HASH}; connect-src 'self'; img-src data:; form-action 'none'`,
)

/** Of a page without a script, but with a form and an image, both of this very server. */
export const FORM_PAGE_HEADERS = headersWith("img-src 'self' data:; form-action 'self'")

function headersWith(more: string) {
  return {
    'content-security-policy': `default-src 'none'; style-src ${STYLE_HASH}; base-uri 'none'; ${more}; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    // A private page's key must not travel on with a click.
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  }
}

type Content = HtmlEscapedString | Promise<HtmlEscapedString>
type PageParts = { title: string; icon: string; lively?: { reloadSeconds: number | undefined } }

/** What all pages have around them; `lively` ones have the script, and load themselves anew where it does not run. */
export function renderLayout({ title, icon, lively }: PageParts, content: Content) {
  const reload =
    lively?.reloadSeconds === undefined
      ? ''
      : html`<noscript><meta http-equiv="refresh" content="${lively.reloadSeconds}"></noscript>`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${reload}
<title>${title}</title>
<link rel="icon" href="${icon}">
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
${content}
</main>
${lively ? html`<script>${raw(BROWSER_SCRIPT)}</script>` : ''}
</body>
</html>`
}
