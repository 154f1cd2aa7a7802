import { html } from 'hono/html'
import { describeDuration } from '../model/duration.ts'
import type { View } from '../records/view.ts'

type Phase = { name: string; milliseconds: number }

/** The labels of the phases that run-job records. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ['fetch', 'Fetch'],
  ['cache', 'Restore cache'],
  ['artifacts', 'Artifacts'],
  ['command', 'Command'],
  ['tests', 'Test reports'],
  ['deploy', 'Deploy'],
  ['log', 'Save log'],
])
/** In the units of the SVG. Very short phases get the minimum width, so that they are visible. */
const WIDTH = 1000
const MIN_WIDTH = 6
/** The class of a phase's colour, which does not depend on the other phases. */
const COLORS: ReadonlyMap<string, number> = new Map(
  [
    ...([
      'Wait',
      'Fetch',
      'Command',
      'Deploy',
      'Restore cache',
      'Artifacts',
      'Test reports',
      'Save log',
    ] as const),
  ].map((name, index) => [name, index]),
)
const colorOf = (name: string) => `phase-${COLORS.get(name) ?? COLORS.size}`

/** The wait before the start and all recorded phases, in the order in which they were recorded. */
export function phasesOf({
  queuedAt,
  startedAt,
  timings,
}: Pick<View, 'queuedAt' | 'startedAt' | 'timings'>): Phase[] {
  if (!startedAt) return []
  const waited = Math.max(0, Date.parse(startedAt) - Date.parse(queuedAt))
  const recorded = Object.entries(timings).map(([phase, milliseconds]) => ({
    name: LABELS.get(phase) ?? phase,
    milliseconds,
  }))
  return [{ name: 'Wait', milliseconds: waited }, ...recorded]
}

/** Renders phases as a bar with a legend. */
export function renderPhases(phases: readonly Phase[]) {
  if (phases.length < 2) return ''
  const total = Math.max(
    1,
    phases.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
  )
  const minWidth = Math.min(MIN_WIDTH, WIDTH / phases.length)
  const remaining = WIDTH - minWidth * phases.length
  let x = 0
  const bars = phases.map(({ name, milliseconds }) => {
    const width = minWidth + remaining * (milliseconds / total)
    x += width
    return html`<rect class="${colorOf(name)}" x="${(x - width).toFixed(1)}" width="${Math.max(1, width - 2).toFixed(1)}" height="8" rx="2"/>`
  })
  const legend = phases.map(
    ({ name, milliseconds }) =>
      html`<li><svg class="swatch" width="10" height="10" aria-hidden="true"><rect class="${colorOf(name)}" width="10" height="10" rx="2"/></svg> ${name} <b>${describeDuration(milliseconds)}</b></li>`,
  )
  return html`<svg class="phases" viewBox="0 0 ${WIDTH} 8" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>
<ul class="legend" aria-label="Times">${legend}</ul>`
}
