import { DEFAULTS } from './defaults.ts'
import { isObject, type JsonObject } from './json.ts'
import { merge } from './merge.ts'
import { applyingRule, type Subject } from './rules.ts'

/** Layers laid upon each other: what they say together, and by which of them each top-level key got its value. */
export type Cascade = { merged: JsonObject; sources: ReadonlyMap<string, readonly string[]> }

export type Layered = { name: string; says: JsonObject }

/** Lays layers upon a cascade, the later over the earlier. */
export function lay(under: Cascade, ...layers: readonly Layered[]): Cascade {
  return layers.reduce(layOne, under)
}

/** Lays the branch or pull request rule that applies upon a cascade. */
export function layRule(under: Cascade, subject: Subject): Cascade {
  const rule = applyingRule(subject, under.merged)
  return rule === null ? under : lay(under, rule)
}

export const defaults = (): Cascade =>
  lay({ merged: {}, sources: new Map() }, { name: 'defaults', says: DEFAULTS })

function layOne({ merged, sources }: Cascade, { name, says }: Layered): Cascade {
  const given = Object.keys(says).map((key): [string, string[]] => {
    const before = sources.get(key) ?? []
    const grows = isObject(merged[key]) && isObject(says[key])
    return [key, grows ? [...before.filter(other => other !== name), name] : [name]]
  })
  return { merged: merge(merged, says), sources: new Map([...sources, ...given]) }
}
