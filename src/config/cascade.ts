import { applyingRule, type Subject } from './applying-rule.ts'
import { DEFAULTS } from './defaults.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Layer } from './layer.ts'
import { merge } from './merge.ts'

type LayerValues = Pick<Layer, 'name' | 'values'>

/** Merged layers. `sources` names the layers that set each top-level key, the last one last. */
export type Cascade = { merged: JsonObject; sources: ReadonlyMap<string, readonly string[]> }

/** Merges layers over a cascade. Later layers override earlier ones. */
export function applyLayers(base: Cascade, ...layers: readonly LayerValues[]): Cascade {
  return layers.reduce(applyLayer, base)
}

/** Merges the branch or pull request rule that applies over a cascade. */
export function applyRule(base: Cascade, subject: Subject): Cascade {
  const rule = applyingRule(subject, base.merged)
  return rule === null ? base : applyLayers(base, rule)
}

export const defaults = (): Cascade =>
  applyLayers({ merged: {}, sources: new Map() }, { name: 'defaults', values: DEFAULTS })

function applyLayer({ merged, sources }: Cascade, { name, values }: LayerValues): Cascade {
  const updated = Object.keys(values).map((key): [string, string[]] => {
    const before = sources.get(key) ?? []
    const isMerged = isObject(merged[key]) && isObject(values[key])
    return [key, isMerged ? [...before.filter(other => other !== name), name] : [name]]
  })
  return { merged: merge(merged, values), sources: new Map([...sources, ...updated]) }
}
