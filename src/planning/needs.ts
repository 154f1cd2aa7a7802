import type { JobConfig } from '../config/jobs/job-config.ts'
import { quote } from '../config/key-path.ts'
import { suggestNearest } from '../config/nearest.ts'
import type { JobError } from './matrix.ts'

/** The jobs of a file by name, without those that are removed. */
export type Jobs = ReadonlyMap<string, JobConfig>

/** A few errors of a list are enough: looking for the nearest name takes time. */
const MAX_ERRORS = 3

/** The errors in the needs of a job. `removed` are the names of jobs that a later layer removes. */
export function needErrors(name: string, jobs: Jobs, removed: readonly string[]): JobError[] {
  const needs = jobs.get(name)?.needs ?? []
  const names = new Set<string>()
  const twice = needs.find(({ job }) => names.size === names.add(job).size)
  const unknown = needs.filter(({ job }) => job !== name && !jobs.has(job)).slice(0, MAX_ERRORS)
  return [
    ...(twice === undefined ? [] : [`names ${quote(twice.job)} twice`]),
    ...(names.has(name) ? ['names the job itself'] : []),
    ...unknown.map(({ job }) => explainUnknown(job, jobs, removed)),
    ...needs.flatMap(need => explainUnknownArtifact(need, jobs) ?? []),
  ].map(text => ({ key: 'needs', text }))
}

const explainUnknown = (job: string, jobs: Jobs, removed: readonly string[]) =>
  removed.includes(job)
    ? `names ${quote(job)}, which is removed by "${job}": false. Remove it here, too`
    : `names ${quote(job)}, which is no job of this file${suggestNearest(job, [...jobs.keys()])}`

function explainUnknownArtifact({ job, artifacts }: JobConfig['needs'][number], jobs: Jobs): string | null {
  const needed = jobs.get(job)
  if (!needed) return null
  const known = artifactNames(job, needed)
  const unknown = artifacts?.find(artifact => !known.includes(artifact))
  if (unknown === undefined) return null
  const rest = known.length === 0 ? 'has no artifacts' : `has ${known.map(each => quote(each)).join(', ')}`
  return `names the artifact ${quote(unknown)} of ${quote(job)}, which ${rest}`
}

/** The names of a job's artifacts. */
export const artifactNames = (job: string, { artifacts }: Pick<JobConfig, 'artifacts'>): string[] =>
  artifacts.map(({ name }) => name ?? job)

/**
 * The names of jobs, each after those that it needs, and otherwise in their own order; or a cycle, in which each name needs the next one
 * and the last is the first again.
 */
export function orderByNeeds(jobs: Jobs): { order: string[] } | { cycle: string[] } {
  const order = new Set<string>()
  const waiting = new Set(jobs.keys())
  const needsOf = (name: string) => jobs.get(name)?.needs.map(({ job }) => job) ?? []
  const isReady = (name: string) => needsOf(name).every(job => order.has(job) || !jobs.has(job))
  while (waiting.size > 0) {
    const next = [...waiting].find(isReady)
    if (next === undefined) return { cycle: cycleIn(waiting, needsOf) }
    waiting.delete(next)
    order.add(next)
  }
  return { order: [...order] }
}

/** Each of these jobs needs another one of them. */
function cycleIn(waiting: ReadonlySet<string>, needsOf: (name: string) => readonly string[]): string[] {
  const path: string[] = []
  let next = [...waiting][0]
  while (next !== undefined && !path.includes(next)) {
    path.push(next)
    next = needsOf(next).find(job => waiting.has(job))
  }
  return next === undefined ? path : [...path.slice(path.indexOf(next)), next]
}
