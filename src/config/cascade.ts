import { applyingRule, type Subject } from './applying-rule.ts'
import { DEFAULTS } from './defaults.ts'
import { hasJob, mergeJobs } from './jobs/merge-jobs.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Layer } from './layer.ts'
import { merge } from './merge.ts'

type LayerValues = Pick<Layer, 'name' | 'values'>

/** Merged layers. `sources` names the layers that set each top-level key, the last one last. */
export type Cascade = {
  merged: JsonObject
  sources: ReadonlyMap<string, readonly string[]>
  /** The layer that set a key of a job last, by `jobKey`. */
  jobSources: ReadonlyMap<string, string>
}

/** Names a key of a job, or the job itself. */
export const jobKey = (job: string, key = '') => `${job} ${key}`

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
  applyLayers(
    { merged: {}, sources: new Map(), jobSources: new Map() },
    { name: 'defaults', values: DEFAULTS },
  )

function applyLayer(under: Cascade, { name, values: all }: LayerValues): Cascade {
  const values = withoutVainRemovals(under, all)
  const { merged, sources, jobSources } = withoutReplaced(under, values)
  const updated = Object.keys(values).map((key): [string, string[]] => {
    const before = sources.get(key) ?? []
    const isMerged = isObject(merged[key]) && isObject(values[key])
    return [key, isMerged ? [...before.filter(other => other !== name), name] : [name]]
  })
  const { jobs, ...rest } = values
  const next = merge(merged, rest)
  if (isObject(jobs)) next.jobs = mergeJobs(isObject(merged.jobs) ? merged.jobs : {}, jobs)
  return {
    merged: next,
    sources: new Map([...sources, ...updated]),
    jobSources: new Map([...jobSources, ...keysOfJobs(jobs).map(key => [key, name] as const)]),
  }
}

/** `cmd` replaces the jobs of earlier layers, and `jobs` replace their `cmd` and its `artifacts` and `tests`. */
function withoutReplaced(under: Cascade, { cmd, jobs }: JsonObject): Cascade {
  const replaced = [
    ...(cmd === undefined ? [] : ['jobs']),
    ...(isObject(jobs) && hasJob(jobs) ? ['cmd', 'artifacts', 'tests'] : []),
  ]
  if (!replaced.some(key => key in under.merged)) return under
  const rest = Object.entries(under.merged).filter(([key]) => !replaced.includes(key))
  return {
    merged: merge({}, Object.fromEntries(rest)),
    sources: new Map([...under.sources].filter(([key]) => !replaced.includes(key))),
    jobSources: under.jobSources,
  }
}

/** Ignores removals of jobs in a layer if there are no jobs to remove. */
function withoutVainRemovals({ merged }: Cascade, { jobs, ...rest }: JsonObject): JsonObject {
  if (jobs === undefined) return rest
  return isObject(jobs) && (hasJob(jobs) || isObject(merged.jobs)) ? { ...rest, jobs } : rest
}

const keysOfJobs = (jobs: unknown): string[] =>
  isObject(jobs)
    ? Object.entries(jobs).flatMap(([name, job]) => [
        jobKey(name),
        ...(isObject(job) ? Object.keys(job) : ['cmd']).map(key => jobKey(name, key)),
      ])
    : []
