import type { JobConfig } from '../config/jobs/job-config.ts'
import { quote } from '../config/key-path.ts'
import { suggestNearest } from '../config/nearest.ts'
import type { JobError } from './matrix.ts'

/** The jobs of a file by name, without those that are removed. */
export type Jobs = ReadonlyMap<string, JobConfig>

/** What is wrong with what a job needs. `removed` are the names of jobs that a later layer removes. */
export function needErrors(name: string, jobs: Jobs, removed: readonly string[]): JobError[] {
  const needs = jobs.get(name)?.needs ?? []
  const names = needs.map(({ job }) => job)
  const twice = names.find((job, at) => names.indexOf(job) !== at)
  return [
    ...(twice === undefined ? [] : [{ key: 'needs', text: `names ${quote(twice)} twice` }]),
    ...needs.flatMap(({ job, artifacts }) => {
      if (job === name) return [{ key: 'needs', text: 'names the job itself' }]
      const needed = jobs.get(job)
      if (!needed)
        return [
          {
            key: 'needs',
            text: removed.includes(job)
              ? `names ${quote(job)}, which is removed by "${job}": false. Remove it here, too`
              : `names ${quote(job)}, which is no job of this file${suggestNearest(job, [...jobs.keys()])}`,
          },
        ]
      const known = artifactNames(job, needed)
      const unknown = artifacts?.find(artifact => !known.includes(artifact))
      if (unknown === undefined) return []
      const rest =
        known.length === 0 ? 'has no artifacts' : `has ${known.map(each => quote(each)).join(', ')}`
      return [{ key: 'needs', text: `names the artifact ${quote(unknown)} of ${quote(job)}, which ${rest}` }]
    }),
  ]
}

/** The names of a job's artifacts. */
export const artifactNames = (job: string, { artifacts }: Pick<JobConfig, 'artifacts'>): string[] =>
  artifacts.map(({ name }) => name ?? job)

/**
 * The names of jobs in an order in which none stands before one that it needs, and otherwise in their own order; or a cycle:
 * names of which each needs the next one, the first again at the end.
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
