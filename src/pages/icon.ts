import type { View } from '../records/view.ts'
import { isRed } from '../records/wording.ts'
import { shapeOf } from './state-icon.ts'

/** The colour of a build, as a CSS class and for the icon in the browser's tab. */
export const colorOf = (view: View) => (isRed(view) ? 'red' : view.status)

const ICONS: Record<string, string> = {
  red: '#cf222e',
  passed: '#1a7f37',
  deploying: '#0b62c4',
  running: '#0b62c4',
}
const GREY = '#6e7781'

/** The icon in the browser's tab, which shows the build's state. */
export const iconOf = (view: View): string => dataUrlOf(shapeOf(view.status), ICONS[colorOf(view)] ?? GREY)

function dataUrlOf(shape: string, color: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" color="${color}">${shape}</svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

/** The icon of a page without a build. */
export const PLAIN_ICON = dataUrlOf('<circle cx="8" cy="8" r="7" fill="currentColor"/>', GREY)
