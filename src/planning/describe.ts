import type { Resolved, TestMerge } from '../config/resolve.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { noteLambciTools } from './lambci-notes.ts'
import type { Plan } from './plan.ts'

const LABEL_WIDTH = 10

/**
 * A plan as aligned text for people, without a trailing newline. It shows the names of variables, not their values.
 * `secretNames` are those of the secret variables, as far as they are known.
 */
export function describePlan(
  plan: Plan,
  { config, sources, notes, merge }: Resolved,
  secretNames: readonly string[] = [],
): string {
  const noteRows = notes.map(note => row('Note', note))
  if (!plan.build) return [row('Build', plan.reason), ...noteRows].join('\n')
  const variables = Object.keys(config.env)
  const commands = [...plan.jobs, ...(plan.deploy ? [plan.deploy] : [])]
  const toolNotes = commands.flatMap(({ command, env, ...step }) =>
    noteLambciTools({
      command,
      // The log says of each deploy whether it has a role.
      hasRole: 'stage' in step,
      variables: [...variables, ...Object.keys(env), ...secretNames],
    }),
  )
  return [
    row('Build', plan.reason),
    ...plan.jobs.map(job => row('Command', job.command)),
    ...(plan.deploy ? [row('Deploy', plan.deploy.command)] : []),
    ...(plan.merge || merge ? [row('Merge', describeMerge(merge))] : []),
    row('Stage', plan.stageReason),
    ...(config.timeout === null ? [] : [row('Timeout', `${config.timeout} seconds for each command`)]),
    ...(variables.length === 0 ? [] : [row('Variables', variables.join(', '))]),
    ...describeSources(sources).map(line => row('Settings', line)),
    ...noteRows,
    ...[...plan.notes, ...new Set(toolNotes)].map(note => row('Note', note)),
  ].join('\n')
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
