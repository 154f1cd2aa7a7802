import type { View } from '../records/view.ts'
import { isOver, isRed } from '../records/wording.ts'

/** How a build looks at a glance: a class of the style, and of the icon in the browser's tab. */
export const colorOf = (view: View) => (isRed(view) ? 'red' : view.status)

const ICONS: Record<string, string> = {
  red: '#cf222e',
  passed: '#1a7f37',
  deploying: '#0b62c4',
  running: '#0b62c4',
  queued: '#8b949e',
}
const GREY = '#8b949e'

/** A dot, for it is seen at 16 pixels; a ring while the build goes on. */
export function iconOf(view: View): string {
  const color = ICONS[colorOf(view)] ?? GREY
  const shape = isOver(view)
    ? `<circle cx="8" cy="8" r="7" fill="${color}"/>`
    : `<circle cx="8" cy="8" r="5.5" fill="none" stroke="${color}" stroke-width="4"/>`
  return pictureOf(shape)
}

function pictureOf(shape: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${shape}</svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

/** Of a page that is about no build. */
export const PLAIN_ICON = pictureOf(`<circle cx="8" cy="8" r="7" fill="${GREY}"/>`)
