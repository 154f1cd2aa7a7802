import { chmodSync, lstatSync, mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { moveTree, placeIn } from '../cache/move-tree.ts'
import { download, MissingArchive } from '../cache/transfer.ts'
import { pathOf } from '../cache/tree.ts'
import { type Artifact, artifactKey, artifactSchema } from '../model/artifact.ts'
import { UserError } from '../model/user-error.ts'
import { runConcurrently } from '../workspace/concurrency.ts'
import { removeTree } from '../workspace/remove-tree.ts'
import { type ArtifactContext, describeArtifact, LIMITS } from './artifact-context.ts'
import { refuseConflicts, type Unpacked } from './conflicts.ts'
import { parsePaths, readContents } from './contents.ts'
import { unpackArchive } from './unpack-archive.ts'

/** An artifact that a job gets from another one. */
export type NeededArtifact = {
  /** As recorded by the job that packed it, which is not trusted. */
  artifact: Artifact
  /** The paths that the plan declares for it. The record may leave out some, but not add any. */
  declared: readonly string[]
  /** The prefix of the keys of the attempt that counts. */
  prefix: string
  /** The title of the job that packed it. */
  from: string
}

/** The number of downloads at once. Each runs its own tar and holds two parts in memory. */
const AT_ONCE = 4
const SPECIAL_BITS = 0o6000
const MODE = 0o7777

/**
 * Brings the artifacts of other jobs into the workspace. Each is unpacked into an empty directory, checked as hostile input,
 * compared with the others, and only then moved to its declared paths, where it replaces what is there.
 * @throws UserError if one cannot be used, or if two contain the same path with different content
 */
export async function unpackArtifacts(
  context: ArtifactContext,
  needed: readonly NeededArtifact[],
): Promise<void> {
  if (needed.length === 0) return
  const { sandbox, deadline } = context
  const late = AbortSignal.timeout(Math.max(1, Math.floor(deadline - Date.now())))
  const signal = AbortSignal.any([context.signal, late])
  const at = mkdtempSync(join(sandbox.directory, 'artifacts-'))
  try {
    const all = await unpackAll(context, needed, at, signal)
    await refuseConflicts(all, signal)
    await place(sandbox.workspace, all)
    for (const { label, contents } of all)
      await context.logLine(describeArtifact(label, contents.files, contents.bytes))
  } catch (error) {
    context.signal.throwIfAborted()
    if (late.aborted)
      throw new UserError(
        'The job\'s time ended before its artifacts were unpacked. Raise "timeout", or pack less.',
      )
    throw error
  } finally {
    await removeTree(at)
  }
}

async function unpackAll(
  context: ArtifactContext,
  needed: readonly NeededArtifact[],
  at: string,
  signal: AbortSignal,
): Promise<Unpacked[]> {
  const all: Unpacked[] = []
  const queue = [...needed.entries()]
  const work = async (either: AbortSignal) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, each] = next
      either.throwIfAborted()
      const root = join(at, String(index))
      mkdirSync(root, { mode: 0o700 })
      all[index] = await unpackArtifact(context, each, root, either)
    }
  }
  await runConcurrently(
    signal,
    Array.from({ length: Math.min(AT_ONCE, needed.length) }, () => work),
  )
  return all
}

/**
 * Unpacks one artifact into an empty directory, and checks it as hostile input.
 * @throws UserError if it cannot be used
 */
export async function unpackArtifact(
  { store, path, limits = LIMITS }: Pick<ArtifactContext, 'store' | 'path' | 'limits'>,
  { artifact: record, declared, prefix, from }: NeededArtifact,
  root: string,
  signal: AbortSignal,
): Promise<Unpacked> {
  const artifact = artifactSchema.parse(record)
  const label = `Artifact ${artifact.name} of ${from}`
  const planned = parsePaths(declared, label)
  const other = artifact.paths.find(each => !planned.includes(each))
  if (other) throw new UserError(`${label}: its record has the path ${other}, which the plan does not.`)
  if (artifact.bytes > limits.packedBytes) throw new UserError(`${label} is larger than an artifact may be.`)
  const source = download(store, artifactKey(prefix, artifact))
  await unpackArchive(source, { root, path, artifact, limits, label, signal }).catch(error => {
    if (!(error instanceof MissingArchive)) throw error
    throw new UserError(
      `${label} is no longer there: artifacts expire after 30 days. Rebuild the whole build, or deploy it again.`,
    )
  })
  const contents = readContents(root, artifact.paths, limits, label)
  if (contents.files !== artifact.files || contents.bytes !== artifact.unpackedBytes)
    throw new UserError(`${label} is not what its record says.`)
  for (const { name, stats } of contents.entries)
    if (!stats.isSymbolicLink() && stats.mode & SPECIAL_BITS)
      chmodSync(pathOf(root, name), stats.mode & MODE & ~SPECIAL_BITS)
  return { label, root, paths: artifact.paths, contents }
}

/** Moves everything to its declared paths. Existing files are removed before, once for all artifacts. */
async function place(workspace: string, all: readonly Unpacked[]): Promise<void> {
  const to = (path: string) => {
    try {
      return placeIn(workspace, path)
    } catch (error) {
      throw new UserError(`The artifact with ${path} cannot be placed: ${(error as Error).message}.`)
    }
  }
  for (const path of new Set(all.flatMap(({ paths }) => paths))) await removeTree(to(path))
  for (const { root, paths } of all)
    for (const path of paths) {
      const unpacked = join(root, path)
      // A path below another one has already been moved with it.
      if (lstatSync(unpacked, { throwIfNoEntry: false })) moveTree(unpacked, to(path))
    }
}
