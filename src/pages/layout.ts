import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { BROWSER_SCRIPT } from './browser-script.ts'
import { type Crumb, renderCrumbs } from './crumbs.ts'
import { STYLE } from './style.ts'

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const [STYLE_HASH, SCRIPT_HASH] = [hashOf(STYLE), hashOf(BROWSER_SCRIPT)]

/**
 * The page runs only its own script and connects only to its own server. Nothing in a log or commit message can be
 * executed.
 */
export const SCRIPTED_PAGE_HEADERS = headersWith(
  `script-src ${SCRIPT_HASH}; connect-src 'self'; img-src data:; form-action 'none'`,
)

/** For a page that also has a form and an image from its own server. */
export const FORM_PAGE_HEADERS = headersWith(
  `script-src ${SCRIPT_HASH}; connect-src 'self'; img-src 'self' data:; form-action 'self'`,
)

/** For a page without a script. */
export const PLAIN_PAGE_HEADERS = headersWith("img-src data:; form-action 'none'")

function headersWith(more: string) {
  return {
    'content-security-policy': `default-src 'none'; style-src ${STYLE_HASH}; base-uri 'none'; ${more}; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    // The URL of a private page contains its key.
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  }
}

type Content = HtmlEscapedString | Promise<HtmlEscapedString>
type PageOptions = {
  title: string
  icon: string
  /** The pages above this one, and its own name. */
  crumbs?: readonly Crumb[]
  /** Includes the script. Without scripting, the page reloads itself after this many seconds. */
  script?: { reloadSeconds?: number | undefined }
}

/** Renders the layout that all pages share. */
export function renderLayout({ title, icon, crumbs = [], script }: PageOptions, content: Content) {
  const reload =
    script?.reloadSeconds === undefined
      ? ''
      : html`<noscript><meta http-equiv="refresh" content="${script.reloadSeconds}"></noscript>`
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
<header>${renderCrumbs(crumbs)}</header>
<main>
${content}
</main>
${script ? html`<script>${raw(BROWSER_SCRIPT)}</script>` : ''}
</body>
</html>`
}
