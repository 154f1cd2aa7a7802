import { isObject, type JsonObject } from '../json.ts'
import { merge } from '../merge.ts'

/** Merges jobs by name. A command is short for an object with `cmd`; `false` removes a job, and stays as a mark. */
export function mergeJobs(under: JsonObject, over: JsonObject): JsonObject {
  return merge(
    under,
    Object.fromEntries(
      Object.entries(over).map(([name, job]) => [name, job === false || isObject(job) ? job : { cmd: job }]),
    ),
  )
}

/** Whether `jobs` has one that is not removed. */
export const hasJob = (jobs: JsonObject) => Object.values(jobs).some(job => job !== false)
