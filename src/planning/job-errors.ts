import { jobKey } from '../config/cascade.ts'
import type { Config } from '../config/config.ts'
import { type JobConfig, splitIn } from '../config/jobs/job-config.ts'
import { jobPath } from '../config/jobs/job-path.ts'
import { keyPath, quote } from '../config/key-path.ts'
import { suggestNearest } from '../config/nearest.ts'
import type { Resolved } from '../config/resolve.ts'
import { ONLY_JOB } from '../model/job.ts'
import { UserError } from '../model/user-error.ts'
import { type Cell, cellsOf, combinationCount, type JobError, MOST_COMBINATIONS } from './matrix.ts'
import { artifactNames, type Jobs, needErrors, orderByNeeds } from './needs.ts'

const MAX_ERRORS = 10
/** The steps of a cycle that are described. */
const MAX_STEPS = 10

/** The jobs of a file that are not removed, in its order. */
export const jobsIn = ({ jobs }: Pick<Config, 'jobs'>): Jobs =>
  new Map(Object.entries(jobs ?? {}).flatMap(([name, job]) => (job === false ? [] : [[name, job] as const])))

/**
 * The cells of each job.
 * @throws UserError that lists the errors in the jobs, each with its layer and the path there
 */
export function requireUsableJobs(resolved: Resolved): ReadonlyMap<string, readonly Cell[]> {
  const { config, sources, jobSources } = resolved
  const jobs = jobsIn(config)
  const removed = Object.keys(config.jobs ?? {}).filter(name => !jobs.has(name))
  const source = (job: string, key: string) =>
    jobSources.get(jobKey(job, key)) ?? jobSources.get(jobKey(job)) ?? ''
  const inJob = (job: string, { key, text }: JobError) =>
    `${source(job, key.replace(/\[.*/, ''))}: ${jobPath(job, key)} ${text}.`
  const names = [...jobs.keys()]
  const errors = [
    ...(config.jobs !== null && jobs.size === 0
      ? [`${sources.get('jobs')?.at(-1)}: "jobs" has no job left: each is removed. Keep one, or set "cmd".`]
      : []),
    ...names.flatMap(name => [
      ...commandErrors(name, jobs).map(error => inJob(name, error)),
      ...splitErrors(jobs.get(name)).map(error => inJob(name, error)),
      ...needErrors(name, jobs, removed).map(error => inJob(name, error)),
    ]),
    ...artifactErrors(jobs).map(({ job, ...error }) => inJob(job, error)),
    ...deployErrors(resolved, jobs),
  ]
  requireNone(errors)
  const order = orderByNeeds(jobs)
  if ('cycle' in order) {
    const [first = ''] = order.cycle
    requireNone([
      inJob(first, { key: 'needs', text: `leads back to ${first}: ${describeCycle(order.cycle)}` }),
    ])
  }
  requireNone(combinationErrors(jobs).map(({ job, ...error }) => inJob(job, error)))
  const cells = [...jobs].map(([name, job]) => ({ name, ...cellsOf(job) }))
  requireNone(cells.flatMap(({ name, errors: own }) => own.map(error => inJob(name, error))))
  return new Map(cells.map(each => [each.name, each.cells]))
}

/** `a needs b, b needs a`; only the beginning of a long cycle. */
function describeCycle(cycle: readonly string[]): string {
  const steps = cycle.slice(1).map((name, at) => `${cycle[at]} needs ${name}`)
  const left = steps.length - MAX_STEPS
  return [...steps.slice(0, MAX_STEPS), ...(left > 0 ? [`and so on (${steps.length} jobs)`] : [])].join(', ')
}

function requireNone(errors: readonly string[]): void {
  if (errors.length === 0) return
  const left = errors.length - MAX_ERRORS
  throw new UserError([...errors.slice(0, MAX_ERRORS), ...(left > 0 ? [`And ${left} more errors.`] : [])])
}

function commandErrors(name: string, jobs: Jobs): JobError[] {
  if (jobs.get(name)?.cmd !== null) return []
  const others = [...jobs].flatMap(([other, { cmd }]) => (cmd === null ? [] : [other]))
  return [{ key: '', text: `has no "cmd"${suggestNearest(name, others)}. Write the command of the job` }]
}

/** Shards by files need reports, which show the files that have run. */
function splitErrors(job: JobConfig | undefined): JobError[] {
  if (!job || splitIn(job) === null) return []
  if (job.tests === null)
    return [
      {
        key: 'shards',
        text: 'has "files", which need "tests": only reports say which of them have run. Write "tests": ["reports/**/*.xml"] beside it',
      },
    ]
  if (!job.tests.allowEmpty) return []
  return [
    {
      key: 'tests',
      text: 'has "allowEmpty", but each file of "shards" must be in a report. Remove it, and leave files without tests out of "files"',
    },
  ]
}

function artifactErrors(jobs: Jobs): (JobError & { job: string })[] {
  const owners = new Map<string, string>()
  const errors: (JobError & { job: string })[] = []
  for (const [job, config] of jobs)
    for (const name of artifactNames(job, config)) {
      const owner = owners.get(name)
      owners.set(name, owner ?? job)
      if (owner === undefined) continue
      const text = `has the artifact ${quote(name)}, as ${jobPath(owner)} has. Give one of them another name`
      errors.push({ job, key: 'artifacts', text })
    }
  return errors
}

/** The errors in the artifacts of deploys. */
function deployErrors({ config, sources }: Resolved, jobs: Jobs): string[] {
  const known =
    config.jobs === null
      ? artifactNames(ONLY_JOB, config)
      : [...jobs].flatMap(([name, job]) => artifactNames(name, job))
  const lists = [
    { key: 'deploy', path: 'deploy.artifacts', names: config.deploy?.artifacts ?? [] },
    ...Object.entries(config.stages).flatMap(([rule, entries]) =>
      entries.map(({ artifacts }, at) => ({
        key: 'stages',
        path: `${keyPath(['stages', rule])}${entries.length > 1 ? `[${at}]` : ''}.artifacts`,
        names: artifacts ?? [],
      })),
    ),
  ]
  return lists.flatMap(({ key, path, names }) =>
    names
      .filter(name => !known.includes(name))
      .map(
        name =>
          `${sources.get(key)?.at(-1)}: ${path} names ${quote(name)}, which no job has as an artifact${suggestNearest(name, known)}.`,
      ),
  )
}

/** Counts by multiplication, without computing the combinations. */
function combinationErrors(jobs: Jobs): (JobError & { job: string })[] {
  const counts = [...jobs].map(([job, config]) => ({ job, config, count: combinationCount(config) }))
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  const [largest] = counts.toSorted((one, other) => other.count - one.count)
  if (!largest || total <= MOST_COMBINATIONS) return []
  const sizes = Object.values(largest.config.matrix).map(values => values.length)
  const text = `has ${sizes.join(' × ')}${sizes.length > 1 && Number.isSafeInteger(largest.count) ? ` = ${largest.count}` : ''} combinations`
  return [
    {
      job: largest.job,
      key: 'matrix',
      text: `${text}. All jobs may have ${MOST_COMBINATIONS} before "exclude": write those that you need as "include"`,
    },
  ]
}
