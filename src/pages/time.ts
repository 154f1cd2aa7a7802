import { html } from 'hono/html'

/** A time in UTC for people. The page's script converts it to the reader's time zone. */
export const formatUtc = (iso: string) => `${iso.slice(0, 19).replace('T', ' ')} UTC`

/** Renders a moment, to which the page's script adds how long ago it was. */
export const renderTime = (iso: string) => html`<time datetime="${iso}" data-ago>${formatUtc(iso)}</time>`
