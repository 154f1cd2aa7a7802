import type { Resolved, TestMerge } from '../config/resolve.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { isNetworkVariable } from '../model/network-variables.ts'
import type { PlannedDeployment } from './deploy.ts'
import {
  describeAccess,
  describeArtifact,
  describeCache,
  describeJob,
  describeRetry,
  describeTests,
  groupJobs,
  type JobGroup,
  type SecretNames,
} from './describe-jobs.ts'
import { noteLambciTools } from './lambci-notes.ts'
import { notePipe } from './pipe-notes.ts'
import type { BuildPlan, Plan } from './plan.ts'
import type { PlannedJob } from './planned-job.ts'

const LABEL_WIDTH = 10

/**
 * A plan as aligned text for people, without a trailing newline. It shows the names of variables but not their values, and leaves out
 * those of proxies and certificates. `secretNames` are those of the secret variables, as far as they are known.
 */
export function describePlan(
  plan: Plan,
  { config, sources, notes, merge }: Resolved,
  secretNames: readonly string[] = [],
): string {
  const noteRows = notes.map(note => row('Note', note))
  if (!plan.build) return [row('Build', plan.reason), ...noteRows].join('\n')
  const variables = Object.keys(config.env)
  const shown = variables.filter(name => !isNetworkVariable(name))
  const { jobs, deploys } = plan
  const groups = groupJobs(jobs)
  const commands = [...groups.map(({ first }) => first), ...deploys.flatMap(({ deploy }) => deploy ?? [])]
  const secrets = { areGiven: config.inheritSecrets, names: secretNames }
  const toolNotes = commands.flatMap(({ command, setup, isStrict, env, ...step }) => [
    ...noteLambciTools({
      command: setup === null ? command : `${setup}\n${command}`,
      // The log shows whether each deploy has a role.
      hasRole: 'stage' in step || step.access.role !== null,
      variables: [
        ...variables,
        ...Object.keys(env),
        ...secretNames,
        ...('stage' in step || step.access.token === null ? [] : ['GITHUB_TOKEN']),
      ],
    }),
    isStrict ? null : notePipe('stage' in step ? 'deploy' : 'cmd', command),
  ])
  return [
    row('Build', plan.reason),
    ...(config.jobs === null ? jobs.flatMap(describeOnlyJob) : describeJobs(groups, plan, secrets)),
    ...describeLimits(plan),
    ...deploys.flatMap(each => describeDeploy(each, deploys.length > 1)),
    ...(plan.merge || merge ? [row('Merge', describeMerge(merge))] : []),
    row('Stage', plan.stageReason),
    ...(config.timeout === null ? [] : [row('Timeout', `${config.timeout} seconds for each command`)]),
    ...(shown.length === 0 ? [] : [row('Variables', shown.join(', '))]),
    ...describeSources(sources).map(line => row('Settings', line)),
    ...noteRows,
    ...[...plan.notes, ...new Set(toolNotes)].flatMap(note => (note === null ? [] : [row('Note', note)])),
  ].join('\n')
}

/** The job of a `cmd`. */
const describeOnlyJob = ({ setup, command, retry, access, artifacts, tests }: PlannedJob): string[] => [
  ...(setup === null ? [] : [row('Setup', setup)]),
  row('Command', command),
  ...(retry === 0 ? [] : [row('Retry', describeRetry(retry))]),
  ...describeAccess(access).map(([label, text]) => row(label, text)),
  ...(artifacts.length === 0 ? [] : [row('Artifacts', artifacts.map(describeArtifact).join(', '))]),
  ...(tests === null ? [] : [row('Tests', describeTests(tests))]),
]

function describeJobs(
  groups: readonly JobGroup[],
  { takingPart, leftOut, splits }: BuildPlan,
  secrets: SecretNames,
): string[] {
  const reasons = new Map(takingPart.map(({ name, reason }) => [name, reason]))
  return [
    ...(groups.length === 0 ? [row('Jobs', 'No job applies.')] : []),
    ...groups.map(group =>
      row(
        'Job',
        describeJob(group, { reason: reasons.get(group.first.name) ?? '', groups, splits, secrets }),
      ),
    ),
    ...leftOut.map(({ name, reason }) => row('Left out', `${name}: ${reason}`)),
  ]
}

const describeLimits = ({ jobs, failFast, maxParallel }: BuildPlan): string[] => [
  ...(jobs.length > 1 && !failFast ? [row('Failure', 'A job that fails does not end the others.')] : []),
  ...(jobs.length > 1 && maxParallel !== null
    ? [row('Parallel', `At most ${maxParallel} jobs at once.`)]
    : []),
]

/** `isOneOf`: whether the branch has other stages. */
function describeDeploy({ deploy, verify, isManual }: PlannedDeployment, isOneOf: boolean): string[] {
  if (!deploy) return []
  const { stage, setup, command, artifacts, cache } = deploy
  const head =
    isOneOf || isManual ? [`To ${stage}${isManual ? `, by hand: lambci deploy … ${stage}` : ''}`] : []
  const lines = [
    ...head,
    ...(setup === null ? [command] : [`$ ${setup}`, `$ ${command}`]),
    ...(artifacts.length === 0 ? [] : [`Artifacts: ${artifacts.join(', ')}`]),
    ...(cache.length === 0 ? [] : [`Cache: ${describeCache(cache)}`]),
    ...(verify === null ? [] : [`Verified by: ${verify.command}`]),
  ]
  return [row('Deploy', lines.join('\n'))]
}

/** `merge` is null if it is not known yet. */
const describeMerge = (merge: TestMerge | null) =>
  merge === null
    ? 'The merge into the base branch is tested, not the head.'
    : `Commit ${merge.commit.slice(0, 10)} is tested: the head, merged into the base branch at ${merge.base.slice(0, 10)}.`

/** The keys that each layer sets, without the defaults. */
function describeSources(sources: Resolved['sources']): string[] {
  const layers = new Set([...sources.values()].flat())
  layers.delete('defaults')
  return [...layers].map(layer => {
    const keys = [...sources].filter(([, names]) => names.includes(layer)).map(([key]) => key)
    return `${keys.join(', ')} from ${layer}`
  })
}

/** A labelled text. Further lines are indented to align with the first. */
function row(label: string, text: string): string {
  const lines = text
    .trimEnd()
    .split(/\r?\n/)
    .map(line => escapeControls(line.replaceAll('\t', '  ')))
  return `${label.padEnd(LABEL_WIDTH)} ${lines.join(`\n${' '.repeat(LABEL_WIDTH + 1)}`)}`
}
