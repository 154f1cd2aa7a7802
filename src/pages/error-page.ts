import { html } from 'hono/html'
import { PLAIN_ICON } from './icon.ts'
import { renderLayout } from './layout.ts'

/** Renders an error for a person. `text`: what happened, and what to do next. */
export function renderErrorPage(title: string, text: string) {
  const content = html`
<h1>${title}</h1>
<p>${text}</p>
<p><a href="/">See all repositories</a></p>`
  return renderLayout({ title: `${title} · lambci`, icon: PLAIN_ICON }, content)
}
