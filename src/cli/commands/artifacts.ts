import { artifactsNamed } from '../../model/artifact.ts'
import { hasEnded } from '../../model/conclusion.ts'
import { describeBytes } from '../../model/describe-bytes.ts'
import { escapeControls } from '../../model/escape-controls.ts'
import { UserError } from '../../model/user-error.ts'
import { isExpired, jsonOfArtifact, type LeftArtifact, listArtifacts } from '../../records/left-artifacts.ts'
import { readRecords } from '../../records/read-records.ts'
import { type View, viewOf } from '../../records/view.ts'
import { type Io, jsonText, printLine, printNote, type Style, styleFor } from '../io.ts'
import { tableOf } from '../table.ts'
import { downloadArtifacts } from './download-artifacts.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { findBuild } from './targets.ts'

export type ArtifactsOptions = StackOptions & { download?: string; json?: boolean }

/**
 * `lambci artifacts`: lists the artifacts of a build, or those with some names; with `download`, unpacks each into its own directory.
 * Returns the exit code.
 */
export async function printArtifacts(
  target: string | undefined,
  names: readonly string[],
  { download, json = false, ...options }: ArtifactsOptions,
  io: Io,
): Promise<number> {
  using stack = await findStack(options, io)
  const { store } = stack
  const records = await readRecords(store, await findBuild(stack, target, io))
  if (!records) throw new UserError(`The build ${target ?? 'here'} cannot be read.`)
  const view = viewOf(records)
  const { artifacts: all } = await listArtifacts(store, records)
  const artifacts = choose(all, names, view)
  const directories = download === undefined ? null : await downloadArtifacts(store, artifacts, download, io)
  if (json)
    printLine(
      io,
      jsonText(
        artifacts.map(artifact => ({
          ...jsonOfArtifact(artifact),
          ...(directories && { directory: directories.get(artifact) }),
        })),
      ),
    )
  else if (artifacts.length === 0) printLine(io, `${nameOf(view)} has left no artifacts.`)
  else if (directories) for (const [each, at] of directories) printLine(io, describeDownload(each, at))
  else printLine(io, describeAll(artifacts, new Date(), styleFor(io)))
  if (!hasEnded(view.status))
    printNote(io, `${nameOf(view)} has not ended. Jobs that still run may leave more artifacts.`)
  return 0
}

const nameOf = ({ repository, number }: View) => `Build #${number} of ${repository}`

/** The artifacts with these names, or all. `coverage`: all cells and shards; `coverage/2-of-8`: one. @throws UserError for unknown names */
function choose(all: readonly LeftArtifact[], names: readonly string[], view: View): readonly LeftArtifact[] {
  if (names.length === 0) return all
  const named = (name: string) => {
    const exact = all.filter(each => each.name === name)
    return exact.length > 0 ? exact : artifactsNamed(all, [name])
  }
  const unknown = names.find(name => named(name).length === 0)
  if (unknown === undefined) {
    const chosen = new Set(names.flatMap(named))
    return all.filter(each => chosen.has(each))
  }
  const known = all.slice(0, MOST_NAMED).map(each => each.name)
  throw new UserError(
    `${nameOf(view)} has left no artifact "${escapeControls(unknown)}". ${known.length === 0 ? 'It has left none' : `It has left: ${known.join(', ')}${all.length > MOST_NAMED ? ` and ${all.length - MOST_NAMED} more` : ''}`}.`,
  )
}

/** The most names that an error lists. */
const MOST_NAMED = 20

function describeAll(artifacts: readonly LeftArtifact[], now: Date, style: Style): string {
  const rows = artifacts.map(artifact => [
    artifact.name,
    escapeControls(artifact.job),
    describeBytes(artifact.bytes),
    String(artifact.files),
    isExpired(artifact, now) ? 'expired' : artifact.lastDay,
  ])
  return tableOf(['NAME', 'JOB', 'SIZE', 'FILES', 'KEPT UNTIL'], rows, style)
}

const describeDownload = ({ name, files, unpackedBytes }: LeftArtifact, directory: string) =>
  `${name}: ${files} ${files === 1 ? 'file' : 'files'}, ${describeBytes(unpackedBytes)}, in ${escapeControls(directory)}`
