import { branchSchema, commitSchema } from './build.ts'
import { MOST_JOBS } from './job.ts'
import { z } from './zod.ts'

/** How many of the newest builds of a branch are kept, by number. */
export const MOST_BUILDS = 30
/** The most builds that count for one test, among those that ran its job. */
const MOST_COUNTED = 10
/** The most tests that are kept for a job in one build. If more have failed, the list is incomplete. */
export const MOST_LISTED = 100
/** The most bytes of a record, as JSON. Many jobs and builds would otherwise exceed it. */
export const HISTORY_BYTES = 256 * 1024

/** A short hash of a job and one of its tests (`testIdOf`): names may be long, and private. */
const idSchema = z.string().regex(/^[0-9a-f]{16}$/)
const idsSchema = z.array(idSchema).max(MOST_LISTED)

/** How the tests of one job ended in one build, in all of its shards and attempts. */
const testedJobSchema = z.object({
  job: idSchema,
  /** Whether all of its shards passed, and no test of the last attempt failed. */
  isPassed: z.boolean(),
  /** Whether `failed` has all tests that failed. */
  isComplete: z.boolean(),
  failed: idsSchema,
  /** The tests that failed and passed, within one run or in two attempts. */
  flaky: idsSchema,
})
export type TestedJob = z.infer<typeof testedJobSchema>

const testedBuildSchema = z.object({
  number: z.int().positive(),
  commit: commitSchema,
  jobs: z.array(testedJobSchema).max(MOST_JOBS),
})
export type TestedBuild = z.infer<typeof testedBuildSchema>

/** `tests/<branch>.json`: how the tests of a branch's newest builds ended. Written only by report; it decides nothing. */
export const testHistorySchema = z.object({ builds: z.array(testedBuildSchema).max(MOST_BUILDS) })
export type TestHistory = z.infer<typeof testHistorySchema>

/** The number of a branch's last builds in which a flaky test failed. */
export const flakinessSchema = z
  .object({ branch: branchSchema, failed: z.int().positive(), of: z.int().positive().max(MOST_COUNTED) })
  .refine(({ failed, of }) => failed <= of)
export type Flakiness = z.infer<typeof flakinessSchema>

/** `flaky: failed 3 of the last 10 builds of master`. */
export const describeFlakiness = ({ branch, failed, of }: Flakiness) =>
  of === 1
    ? `flaky: failed in the last build of ${branch}`
    : `flaky: failed ${failed} of the last ${of} builds of ${branch}`

/** Adds a build, or replaces it if it was added before. The oldest builds make room. */
export function addBuild({ builds }: TestHistory, build: TestedBuild): TestHistory {
  const others = builds.filter(({ number }) => number !== build.number)
  const all = [...others, build].toSorted((one, other) => one.number - other.number).slice(-MOST_BUILDS)
  while (all.length > 1 && bytesOf(all) > HISTORY_BYTES) all.shift()
  return { builds: all }
}

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

type Result = 'failed' | 'flaky' | 'passed' | 'other'

/**
 * How often a test has failed lately, if it is flaky: it has failed and passed at one commit, in one run, two attempts or two builds.
 * Null if it is not. A test is sure to have passed only if its whole job has.
 */
export function flakinessOf(
  { builds }: TestHistory,
  job: string,
  test: string,
): Omit<Flakiness, 'branch'> | null {
  const results = builds
    .flatMap(({ commit, jobs }) => {
      const result = resultOf(
        jobs.find(each => each.job === job),
        test,
      )
      return result ? [{ commit, result }] : []
    })
    .slice(-MOST_COUNTED)
  const failed = results.filter(({ result }) => result === 'failed' || result === 'flaky')
  const passed = new Set(results.flatMap(({ commit, result }) => (result === 'passed' ? [commit] : [])))
  const isFlaky = failed.some(({ commit, result }) => result === 'flaky' || passed.has(commit))
  return isFlaky ? { failed: failed.length, of: results.length } : null
}

/** Null if it is not known. `other`: the test did not fail, but may not have run. */
function resultOf(job: TestedJob | undefined, test: string): Result | null {
  if (!job) return null
  if (job.flaky.includes(test)) return 'flaky'
  if (job.failed.includes(test)) return 'failed'
  if (job.isPassed) return 'passed'
  return job.isComplete ? 'other' : null
}
