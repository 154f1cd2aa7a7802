import { isObject, type JsonObject } from '../json.ts'
import { quote } from '../key-path.ts'
import type { Layer } from '../layer.ts'
import { suggestNearest } from '../nearest.ts'
import { jobPath } from './job-path.ts'

/** Notes about jobs that a layer removes although no layer has them. */
export function noteVainRemovals(layers: readonly Pick<Layer, 'name' | 'values'>[]): string[] {
  const known = new Set(layers.flatMap(({ values }) => objectsIn(values).flatMap(namesOf)))
  return layers.flatMap(({ name, values }) =>
    objectsIn(values).flatMap(({ jobs }) =>
      Object.entries(isObject(jobs) ? jobs : {})
        .filter(([job, value]) => value === false && !known.has(job))
        .map(
          ([job]) =>
            `${name}: ${jobPath(job)} removes nothing: no layer has a job ${quote(job)}${suggestNearest(job, [...known])}.`,
        ),
    ),
  )
}

/** The names of an object's jobs, without those that it removes. */
const namesOf = ({ jobs }: JsonObject): string[] =>
  isObject(jobs) ? Object.keys(jobs).filter(name => jobs[name] !== false) : []

/** A layer, and the rules in it. */
const objectsIn = (values: JsonObject): JsonObject[] => [
  values,
  ...[values.branches, values.pullRequests].flatMap(rules =>
    isObject(rules) ? Object.values(rules).filter(isObject) : [],
  ),
]
