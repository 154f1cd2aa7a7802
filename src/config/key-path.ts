import { escapeControls } from '../model/escape-controls.ts'

/** A path of keys as people write it: `git.depth`, `branches["/^dev/"].cmd`, `topics[0]`. */
export function keyPath(keys: readonly PropertyKey[]): string {
  return keys.map(step).join('').replace(/^\./, '')
}

function step(key: PropertyKey): string {
  if (typeof key === 'number') return `[${key}]`
  const name = String(key)
  return /^[A-Za-z_][A-Za-z0-9_-]{0,79}$/.test(name) ? `.${name}` : `[${quote(name)}]`
}

/** A value as JSON on one line, for messages. Long strings are cut and control characters escaped. */
export function quote(value: unknown, maxLength = 80): string {
  const text = typeof value === 'string' && value.length > maxLength ? `${value.slice(0, maxLength)}…` : value
  return escapeControls(JSON.stringify(text))
}
