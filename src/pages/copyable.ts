import { html } from 'hono/html'

/** A text to copy, such as a command. The page's script shows the button. */
export const renderCopyable = (text: string, label: string) =>
  html`<span class="copyable"><code tabindex="0" aria-label="${label}">${text}</code><button type="button" class="script-only" data-copy aria-label="Copy: ${label}">Copy</button></span>`
