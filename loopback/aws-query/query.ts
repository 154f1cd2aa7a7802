import { notImplemented } from './query-error.ts'

/** The form parameters of an awsQuery request: flat names with dots and numbers. */
export type Query = ReadonlyMap<string, string>

export const parseQuery = (body: string): Query => new Map(new URLSearchParams(body))

/** The entries `<list>.entry.1.…`, `<list>.entry.2.…` by number, each a map of the remaining names. */
export function entriesOf(query: Query, list: string): Map<string, string>[] {
  const entries = new Map<number, Map<string, string>>()
  for (const [name, value] of query) {
    if (!name.startsWith(`${list}.entry.`)) continue
    const [, number, rest = ''] = /^(\d{1,4})\.(.+)$/.exec(name.slice(`${list}.entry.`.length)) ?? []
    if (number === undefined) throw notImplemented(`The parameter ${name}`)
    const entry = entries.get(Number(number)) ?? new Map<string, string>()
    entries.set(Number(number), entry.set(rest, value))
  }
  return [...entries].toSorted(([a], [b]) => a - b).map(([, entry]) => entry)
}

/** A string map parameter such as `Attributes`. The caller checks the names. */
export function stringMap(query: Query, list: string): Record<string, string> {
  return Object.fromEntries(entriesOf(query, list).map(entry => [entry.get('key'), entry.get('value') ?? '']))
}
