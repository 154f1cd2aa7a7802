import { escapeControls } from '../model/escape-controls.ts'

/** A path of keys as one would write it: `git.depth`, `branches["/^dev/"].cmd`, `topics[0]`. */
export function keyPath(keys: readonly PropertyKey[]): string {
  return keys.map(step).join('').replace(/^\./, '')
}

function step(key: PropertyKey): string {
  if (typeof key === 'number') return `[${key}]`
  const name = String(key)
  return /^[A-Za-z_][A-Za-z0-9_-]{0,79}$/.test(name) ? `.${name}` : `[${quote(name)}]`
}

/** A value for a sentence: JSON on one line, cut where it grows long, control characters escaped. */
export function quote(value: unknown, most = 80): string {
  const text = typeof value === 'string' && value.length > most ? `${value.slice(0, most)}…` : value
  return escapeControls(JSON.stringify(text))
}
