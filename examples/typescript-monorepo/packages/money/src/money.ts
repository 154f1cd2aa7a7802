/** An amount in cents. */
export type Cents = number

/** `12.30`. */
export const formatCents = (cents: Cents): string => (cents / 100).toFixed(2)

/** Reads `12.30`. Null if it is no amount. */
export function parseCents(text: string): Cents | null {
  const found = /^(\d+)(?:\.(\d\d))?$/.exec(text)
  return found ? Number(found[1]) * 100 + Number(found[2] ?? 0) : null
}
