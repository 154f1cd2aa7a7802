import type { Config } from '../config/config.ts'
import { titleOf } from '../model/job.ts'
import type { PlannedArtifact, PlannedJob } from './planned-job.ts'
import { describeSplit, type PlannedSplit } from './split.ts'

const MAX_CELLS = 20

/** The jobs of a plan with one name: the first of its cells and shards, and all of them. */
export type JobGroup = { first: PlannedJob; all: readonly PlannedJob[] }

/** The jobs of a plan by name. */
export function groupJobs(jobs: readonly PlannedJob[]): JobGroup[] {
  const groups = Map.groupBy(jobs, ({ name }) => name)
  return [...groups.values()].flatMap(all => (all[0] ? [{ first: all[0], all }] : []))
}

/** The secret variables of a repository: whether jobs get any, and their names as far as they are known. */
export type SecretNames = { areGiven: boolean; names: readonly string[] }

type JobContext = {
  /** Why the job takes part, in a sentence. */
  reason: string
  /** All jobs of the plan. */
  groups: readonly JobGroup[]
  splits: readonly PlannedSplit[]
  secrets: SecretNames
}

/** Describes one job in lines: why it takes part, its commands, and what it gets and leaves. */
export function describeJob({ first, all }: JobGroup, context: JobContext): string {
  const { name, shard, setup, command, timeoutSeconds, retry } = first
  const { cache, needs, artifacts, tests, allowFailure } = first
  const cells = all.filter(each => each.shard === null || each.shard.index === 1)
  const count = all.length === 1 ? '' : ` (${all.length} jobs)`
  const lines = [
    `${name}${count}: ${context.reason}`,
    ...(setup === null ? [] : [`$ ${setup}`]),
    `$ ${command}`,
    ...(Object.keys(first.cell).length === 0 ? [] : [`Matrix: ${describeCells(cells)}`]),
    ...(shard === null ? [] : [`Shards: ${describeShards(first, shard.count, context.splits)}`]),
    ...(timeoutSeconds === null ? [] : [`Timeout: ${timeoutSeconds} seconds`]),
    ...(retry === 0 ? [] : [`Retry: ${describeRetry(retry)}`]),
    `Secrets: ${describeSecrets(first, context.secrets)}`,
    ...describeAccess(first.access).map(([label, text]) => `${label}: ${text}`),
    ...(cache.length === 0 ? [] : [`Cache: ${describeCache(cache)}`]),
    ...needs.map(need => `Needs: ${describeNeed(need, context.groups)}`),
    ...(artifacts.length === 0 ? [] : [`Artifacts: ${artifacts.map(describeArtifact).join(', ')}`]),
    ...(tests === null ? [] : [`Tests: ${describeTests(tests)}`]),
    ...(allowFailure ? ['The build may pass although it fails.'] : []),
  ]
  return lines.join('\n')
}

function describeShards({ name, split }: PlannedJob, count: number, splits: readonly PlannedSplit[]): string {
  const planned = splits.find(({ job }) => job === name)
  return split && planned ? describeSplit(planned, split) : String(count)
}
/** How often a job is run again. */
export const describeRetry = (retry: number) =>
  `${retry === 1 ? 'once' : `up to ${retry} times`} if the command fails`

/** The other jobs that can reach the grants of a trust's jobs, because they can take the next message of a shared sandbox. */
const REACHABLE = {
  protected:
    'every job of its branch can reach it; without tenant isolation, every deploy branch of every repository in this account',
  branch: 'every branch of every repository in this account can reach it',
}

/** The access that the account gives to a job, by label. */
export const describeAccess = ({ role, token }: PlannedJob['access']): [label: string, text: string][] => [
  ...(role ? [['Role', `${role.arn}; ${REACHABLE[role.trust]}`] satisfies [string, string]] : []),
  ...(token
    ? [
        ['Token', `GITHUB_TOKEN, which can only read this repository; ${REACHABLE[token.trust]}`] satisfies [
          string,
          string,
        ],
      ]
    : []),
]

function describeSecrets({ secrets }: PlannedJob, { areGiven, names }: SecretNames): string {
  if (!areGiven || secrets?.length === 0) return 'none'
  return secrets?.join(', ') ?? (names.join(', ') || 'all')
}

/** `NODE=22; NODE=24, OS=linux`. */
function describeCells(cells: readonly PlannedJob[]): string {
  const titles = cells.map(({ cell }) => titleOf({ name: '', cell, shard: null }).slice(2, -1))
  const left = titles.length - MAX_CELLS
  return [...titles.slice(0, MAX_CELLS), ...(left > 0 ? [`and ${left} more`] : [])].join('; ')
}

export const describeCache = (cache: Config['cache']) =>
  cache
    .map(({ paths, key }) => `${paths.join(', ')}${key.length > 0 ? ` (by ${key.join(', ')})` : ''}`)
    .join('; ')

function describeNeed({ job, artifacts }: PlannedJob['needs'][number], groups: readonly JobGroup[]): string {
  const own = groups.find(({ first }) => first.name === job)?.first.artifacts ?? []
  const unpacked = own.filter(({ name }) => artifacts === null || artifacts.includes(name))
  return unpacked.length === 0
    ? `${job}, without artifacts`
    : `${job}, with ${unpacked.map(describeArtifact).join(', ')}`
}

/** `dist (build/out)`. */
export const describeArtifact = ({ name, paths, when }: PlannedArtifact) =>
  `${name} (${paths.join(', ')}${when === 'always' ? '; always' : ''})`

/** `reports/*.xml (the exit code decides)`. */
export const describeTests = ({ files, verdict, allowEmpty }: NonNullable<PlannedJob['tests']>) =>
  [
    files.join(', '),
    ...(verdict === 'exit' ? ['(the exit code decides)'] : []),
    ...(allowEmpty ? ['(may be empty)'] : []),
  ].join(' ')
