import type { Cascade } from './cascade.ts'
import { type AllowedKeys, type Files, readFiles } from './files.ts'
import { forkKeys, limitForkJobs, noteNewJobs } from './jobs/fork-jobs.ts'
import { isObject } from './json.ts'

type ForkInput = {
  files: Files
  /** Follows the names of files in messages. */
  suffix: string
  /** The keys that the account, its rule, and the base let files set. */
  limits: readonly AllowedKeys[]
  /** The configuration without the fork's files. */
  base: Cascade
}

/**
 * The layers of a fork's own files. They may only set `cmd` and `env`, and only if each limit allows it. If the base has jobs, they may
 * set `cmd` and `env` of those, and the top-level `env`.
 */
export function readForkFiles({ files, suffix, limits, base }: ForkInput) {
  const keys = forkKeys(limits)
  const { jobs } = base.merged
  if (!isObject(jobs)) {
    const read = readFiles(files, keys.top, suffix)
    return { files, suffix, allowed: keys.top, ...read, notes: read.complete.flatMap(noteNewJobs) }
  }
  const allowed = [...keys.top, ...(keys.inJobs.length > 0 ? ['jobs'] : [])]
  const read = readFiles(files, allowed, suffix)
  const limited = read.layers.map(layer => limitForkJobs(layer, jobs, keys.inJobs))
  return { files, suffix, allowed, ...read, layers: limited, notes: limited.flatMap(({ notes }) => notes) }
}
