import { html } from 'hono/html'
import { describeDuration } from '../model/duration.ts'
import type { View } from '../records/view.ts'

type Phase = { name: string; milliseconds: number }

const KNOWN = ['fetch', 'command', 'deploy', 'log']
const NAMES: Record<string, string> = {
  fetch: 'Fetch',
  command: 'Command',
  deploy: 'Deploy',
  log: 'Keep the log',
}
/** In units of the drawing; a phase that took next to nothing can still be seen. */
const WIDTH = 1000
const LEAST = 6

/** Where the time of a build went, in the order in which it passed. */
export function phasesOf({ queuedAt, startedAt, timings }: View): Phase[] {
  const waited = startedAt ? Math.max(0, Date.parse(startedAt) - Date.parse(queuedAt)) : 0
  const phases = KNOWN.flatMap(name => {
    const milliseconds = timings[name]
    return milliseconds === undefined ? [] : [{ name: NAMES[name] ?? name, milliseconds }]
  })
  return startedAt ? [{ name: 'Wait', milliseconds: waited }, ...phases] : []
}

/** A bar of times, and the times in words below it. */
export function renderPhases(phases: readonly Phase[]) {
  if (phases.length < 2) return ''
  const total = Math.max(
    1,
    phases.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
  )
  const room = WIDTH - LEAST * phases.length
  let at = 0
  const bars = phases.map(({ milliseconds }, index) => {
    const width = LEAST + (room * milliseconds) / total
    at += width
    return html`<rect class="phase-${index % 5}" x="${(at - width).toFixed(1)}" width="${Math.max(1, width - 2).toFixed(1)}" height="8" rx="2"/>`
  })
  const legend = phases.map(
    ({ name, milliseconds }, index) =>
      html`<li><svg class="swatch" width="10" height="10" aria-hidden="true"><rect class="phase-${index % 5}" width="10" height="10" rx="2"/></svg> ${name} <b>${describeDuration(milliseconds)}</b></li>`,
  )
  return html`<svg class="phases" viewBox="0 0 ${WIDTH} 8" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>
<ul class="legend" aria-label="Times">${legend}</ul>`
}
