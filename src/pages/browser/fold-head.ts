import type { Fold } from './folds.ts'
import { textOfLine } from './terminal-line.ts'

const LABELS: Record<Fold['kind'], string> = {
  ...{ fetch: 'Fetch', setup: 'Setup', command: 'Command', deploy: 'Deploy', results: 'Results', group: '' },
}
const STATES = { passed: '✓', failed: '✗', running: '●' }
const MARKER = /^(?:▸ |::group::|##\[group\])/

/** The button that replaces a fold's first line: its text, its state, and how long it took. */
export function createHead(line: string): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'text'
  const title = document.createElement('span')
  title.textContent = textOfLine(line).replace(MARKER, '').trim() || 'Group'
  button.append(document.createElement('b'), title, document.createElement('small'))
  return button
}

/** Shows the state of a fold. Changes only what differs. */
export function showHead(row: HTMLElement, fold: Fold, isOpen: boolean): void {
  const button = row.querySelector('button')
  const [label, , end] = button?.children ?? []
  if (!button || !label || !end) return
  const isGroup = fold.kind === 'group'
  row.classList.toggle('phase', !isGroup)
  button.setAttribute('aria-expanded', String(isOpen))
  label.textContent = LABELS[fold.kind]
  const hasState = fold.state !== 'passed' || !(isGroup || fold.kind === 'results')
  const state = hasState ? STATES[fold.state] : ''
  const text = [fold.seconds === null ? '' : describeSeconds(fold.seconds), state].filter(Boolean).join(' ')
  if (end.textContent === text) return
  end.textContent = text
  end.className = fold.state === 'failed' ? 'red' : fold.state
  // The sign is visual; a screen reader gets the state in words.
  if (hasState) button.setAttribute('aria-description', fold.state)
  else button.removeAttribute('aria-description')
}

function describeSeconds(seconds: number): string {
  if (seconds < 0.05) return '0 s'
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
