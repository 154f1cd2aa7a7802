import { createHash } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { packTree } from '../cache/archive.ts'
import { upload } from '../cache/transfer.ts'
import { type Artifact, type ArtifactSpec, artifactKey } from '../model/artifact.ts'
import { describeBytes } from '../model/describe-bytes.ts'
import { UserError } from '../model/user-error.ts'
import { rejectOnAbort } from '../workspace/concurrency.ts'
import { type ArtifactContext, describeArtifact, LIMITS } from './artifact-context.ts'
import { parsePaths, readContents } from './contents.ts'

/**
 * Packs the artifacts of a job after its command, and stores each once. After a command that has not passed, only those that are always
 * packed; their errors are then only logged, because the job has not passed anyway.
 * @param prefix the prefix of the keys of this attempt
 * @throws UserError if a declared path does not exist or contains what no artifact may contain
 */
export async function packArtifacts(
  context: ArtifactContext,
  prefix: string,
  specs: readonly ArtifactSpec[],
  passed: boolean,
): Promise<Artifact[]> {
  const packed: Artifact[] = []
  const late = AbortSignal.timeout(Math.max(1, Math.floor(context.deadline - Date.now())))
  const signal = AbortSignal.any([context.signal, late])
  for (const spec of specs) {
    const label = `Artifact ${spec.name}`
    if (!passed && spec.when === 'passed') continue
    try {
      const artifact = await packArtifact({ ...context, signal }, prefix, spec, passed)
      if (artifact) packed.push(artifact)
    } catch (error) {
      context.signal.throwIfAborted()
      const cause = late.aborted
        ? new UserError(`${label}: the job's time ended before it was stored. Raise "timeout", or pack less.`)
        : error
      if (passed) throw cause
      await context.logLine((cause as Error).message)
    }
  }
  return packed
}

/** Packs one artifact. Null if the command has not passed and nothing of it exists. */
async function packArtifact(
  context: ArtifactContext,
  prefix: string,
  { name, paths: declared }: ArtifactSpec,
  passed: boolean,
): Promise<Artifact | null> {
  const { sandbox, limits = LIMITS, logLine } = context
  const label = `Artifact ${name}`
  const paths = parsePaths(declared, label)
  const missing = paths.filter(path => !exists(join(sandbox.workspace, path)))
  const sentences = missing.map(path => `${label}: ${path} does not exist after the command.`)
  if (passed && sentences.length > 0) throw new UserError(sentences.join(' '))
  for (const sentence of sentences) await logLine(sentence)
  const existing = paths.filter(path => !missing.includes(path))
  if (existing.length === 0) return null
  const { entries, files, bytes } = readContents(sandbox.workspace, existing, limits, label)
  const stored = await store(
    context,
    artifactKey(prefix, { name }),
    label,
    entries.map(entry => entry.name),
  )
  await logLine(describeArtifact(label, files, bytes))
  return { name, ...stored, unpackedBytes: bytes, files, paths: existing }
}

/** Packs and stores files. The returned numbers are measured on the data that was sent. */
async function store(
  { store, sandbox, path, signal, limits = LIMITS }: ArtifactContext,
  key: string,
  label: string,
  names: readonly string[],
): Promise<Pick<Artifact, 'bytes' | 'sha256'>> {
  const failure = new AbortController()
  const either = AbortSignal.any([signal, failure.signal])
  const options = ['--mode=ug-s']
  const { packed, done } = packTree({ root: sandbox.workspace, path }, names, either, options)
  const packing = done.catch(error => {
    throw new UserError(`${label}: it could not be packed (${error.message}).`)
  })
  const hash = createHash('sha256')
  const measure = async function* () {
    let length = 0
    for await (const chunk of packed) {
      length += chunk.length
      if (length > limits.packedBytes)
        throw new UserError(`${label}: it has more than ${describeBytes(limits.packedBytes)} when packed.`)
      hash.update(chunk)
      yield chunk as Uint8Array
    }
    // Before the object is completed, so that an archive that could not be packed correctly is not stored.
    await packing
  }
  try {
    const [bytes] = await rejectOnAbort(signal, Promise.all([upload(store, key, measure(), true), packing]))
    return { bytes, sha256: hash.digest('hex') }
  } catch (error) {
    failure.abort()
    await packing.catch(() => {})
    throw error
  }
}

const exists = (path: string) => {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    // There is a file in place of one of its parents.
    return false
  }
}
