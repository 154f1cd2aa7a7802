/** A range of lines that a link points to, inclusive. */
export type Lines = { from: number; to: number }

/** Parses `#L120` or `#L120-L130`. Null for anything else. */
export function readLineLink(hash: string): Lines | null {
  const [, one, other] = /^#L([1-9]\d{0,9})(?:-L?([1-9]\d{0,9}))?$/.exec(hash) ?? []
  if (one === undefined) return null
  const [from, to] = [Number(one), Number(other ?? one)]
  return { from: Math.min(from, to), to: Math.max(from, to) }
}

export const lineLink = ({ from, to }: Lines) => (from === to ? `#L${from}` : `#L${from}-L${to}`)
