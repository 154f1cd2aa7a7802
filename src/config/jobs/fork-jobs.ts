import type { AllowedKeys } from '../files.ts'
import { isObject, type JsonObject } from '../json.ts'
import { keyPath } from '../key-path.ts'
import type { Layer } from '../layer.ts'
import { mergeJobs } from './merge-jobs.ts'

/** The keys that a fork's files may set in a job that the base has. */
export const FORK_KEYS = ['cmd', 'env']
const MAX_NOTES = 10
const ONLY = 'of a fork, only "cmd" and "env" of jobs count that the base has'

/** The keys of these that a fork's files may set at the top level, and within a job. `jobs` allows both within jobs. */
export function forkKeys(limits: readonly AllowedKeys[]) {
  const allowed = (...keys: string[]) =>
    limits.every(limit => limit === true || (limit !== false && keys.some(key => limit.includes(key))))
  return {
    top: FORK_KEYS.filter(key => allowed(key)),
    inJobs: FORK_KEYS.filter(key => allowed(key, 'jobs')),
  }
}

/** A layer of a fork's files if the base has jobs. It may change the keys in `allowed` of these jobs. Other differences get a note. */
export function limitForkJobs(
  { name, values: { cmd, jobs, ...rest } }: Layer,
  base: JsonObject,
  allowed: readonly string[],
): Layer {
  const own = mergeJobs({}, isObject(jobs) ? jobs : {})
  const changes = Object.entries(own).map(([job, value]) => ({ job, value, before: base[job] }))
  const known = changes.flatMap(({ job, value, before }) =>
    isObject(before) && isObject(value) ? [{ job, value, before }] : [],
  )
  const added = changes.filter(({ before, value }) => !isObject(before) && value !== false)
  const removed = changes.filter(({ before, value }) => isObject(before) && value === false)
  const ignored = known.flatMap(({ job, value, before }) =>
    Object.keys(value)
      .filter(key => !allowed.includes(key) && JSON.stringify(value[key]) !== JSON.stringify(before[key]))
      .map(key => keyPath(['jobs', job, key])),
  )
  const unknown = [...added.map(({ job }) => keyPath(['jobs', job])), ...ignored].slice(0, MAX_NOTES)
  return {
    name,
    values: {
      ...rest,
      jobs: Object.fromEntries(
        known.map(({ job, value }) => [
          job,
          Object.fromEntries(Object.entries(value).filter(([key]) => allowed.includes(key))),
        ]),
      ),
    },
    notes: [
      ...(cmd === undefined ? [] : [`${name}: "cmd" is ignored, because the base has "jobs": ${ONLY}.`]),
      ...unknown.map(path => `${name}: ${path} is ignored: ${ONLY}.`),
      ...removed
        .slice(0, MAX_NOTES)
        .map(({ job }) => `${name}: ${keyPath(['jobs', job])} is not removed: ${ONLY}.`),
    ],
  }
}

/** A note if a fork adds jobs and the base has none. */
export const noteNewJobs = ({ name, values }: Pick<Layer, 'name' | 'values'>): string[] =>
  values.jobs === undefined ? [] : [`${name}: "jobs" is ignored: ${ONLY}.`]
