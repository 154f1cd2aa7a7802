import { html, raw } from 'hono/html'

/** Drawn on 16 by 16 units, in the colour of the text around them: each state has its own shape, so that none depends on its colour. */
const DISC = '<circle cx="8" cy="8" r="7" fill="currentColor"/>'
const RING = '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2"/>'
const TRIANGLE = '<path d="M8 1l7.2 13.5H.8z" fill="currentColor"/>'
const stroke = (path: string, color = 'var(--paper, #fff)') =>
  `<path d="${path}" fill="none" stroke="${color}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>`
const SHAPES: ReadonlyMap<string, string> = new Map([
  ['passed', DISC + stroke('M4.7 8.3l2.2 2.2 4.3-4.7')],
  ['failed', DISC + stroke('M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2')],
  ['errored', TRIANGLE + stroke('M8 6v4M8 12.4v.1')],
  ['allowed', TRIANGLE + stroke('M8 6v4M8 12.4v.1')],
  ['cancelled', RING + stroke('M4 12l8-8', 'currentColor')],
  ['skipped', RING + stroke('M5 8h6', 'currentColor')],
  ['running', `<g class="turning">${stroke('M8 2a6 6 0 1 1-6 6', 'currentColor')}</g>`],
  ['deploying', RING + stroke('M8 11V5M5.4 7.4L8 5l2.6 2.4', 'currentColor')],
  ['queued', RING + stroke('M8 5v3.2l2 1.4', 'currentColor')],
  ['waiting', RING + stroke('M6.3 5.6v4.8M9.7 5.6v4.8', 'currentColor')],
])
const OTHER =
  '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="2 2.7"/>'

/** The shape of a state, without the element around it. */
export const shapeOf = (state: string): string => SHAPES.get(state) ?? OTHER

/** The icon of a state. Words beside it say the same. */
export const stateIcon = (state: string) =>
  html`<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${raw(shapeOf(state))}</svg>`
