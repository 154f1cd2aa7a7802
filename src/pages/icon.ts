import { hasEnded } from '../model/conclusion.ts'
import type { View } from '../records/view.ts'
import { isRed } from '../records/wording.ts'

/** The colour of a build, as a CSS class and for the icon in the browser's tab. */
export const colorOf = (view: View) => (isRed(view) ? 'red' : view.status)

const ICONS: Record<string, string> = {
  red: '#cf222e',
  passed: '#1a7f37',
  deploying: '#0b62c4',
  running: '#0b62c4',
  queued: '#8b949e',
}
const GREY = '#8b949e'

/** The favicon, shown at 16 pixels: a dot; a ring until the build has ended. */
export function iconOf(view: View): string {
  const color = ICONS[colorOf(view)] ?? GREY
  const shape = hasEnded(view.status)
    ? `<circle cx="8" cy="8" r="7" fill="${color}"/>`
    : `<circle cx="8" cy="8" r="5.5" fill="none" stroke="${color}" stroke-width="4"/>`
  return dataUrlOf(shape)
}

function dataUrlOf(shape: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${shape}</svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

/** The icon of a page without a build. */
export const PLAIN_ICON = dataUrlOf(`<circle cx="8" cy="8" r="7" fill="${GREY}"/>`)
