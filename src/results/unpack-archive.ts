import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { execa } from 'execa'
import { CHUNK_BYTES, EXTRACT_OPTIONS, linesOf, processOptions } from '../cache/archive.ts'
import type { Artifact } from '../model/artifact.ts'
import { describeBytes } from '../model/describe-bytes.ts'
import { UserError } from '../model/user-error.ts'
import { rejectOnAbort } from '../workspace/concurrency.ts'
import type { Limits } from './artifact-context.ts'
import { MemberList } from './member-list.ts'

/** The most bytes that a member takes in an archive beside its content: its headers, with the longest names. */
const MEMBER_BYTES = 4096
/** tar warns of every suspect member, and one warning is enough. */
const MOST_WARNINGS = 64 * 1024

type Options = {
  /** An empty directory. */
  root: string
  /** PATH. */
  path: string
  artifact: Pick<Artifact, 'bytes' | 'sha256' | 'paths'>
  limits: Limits
  label: string
  signal: AbortSignal
}

/**
 * Unpacks an archive that may be hostile into an empty directory. Read the result as untrusted files (`readContents`). Stops as soon as
 * there is too much.
 * @throws UserError if it is not the archive on record, or contains what no artifact may contain
 */
export async function unpackArchive(source: AsyncIterable<Uint8Array>, options: Options): Promise<void> {
  const { root, path, artifact, limits, label, signal } = options
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const list = ['--verbose', '--verbose', '--quoting-style=c', '--numeric-owner', '--utc']
  const tar = execa('tar', ['--extract', '--file=-', '--directory', root, ...EXTRACT_OPTIONS, ...list], {
    ...processOptions(path, either),
    ...{ stdin: 'pipe', buffer: { stdout: false, stderr: true }, maxBuffer: { stderr: MOST_WARNINGS } },
  })
  const { stdin, stdout } = tar.nodeChildProcess
  if (!stdin || !stdout) throw new Error('tar has no stdin or stdout')
  const members = new MemberList(artifact.paths, limits, label)
  const fault: { error?: unknown } = {}
  const stopping = (error: Error) => {
    stop.abort()
    return error
  }
  const checkList = async () => {
    for await (const chunk of stdout) members.add(chunk)
  }
  const feed = pipeline(
    verify(source, artifact, label, fault),
    createZstdDecompress({ chunkSize: CHUNK_BYTES }),
    bounded(limits, label),
    stdin,
    { signal: either },
  )
  const [fedError, listError, result] = await Promise.all([
    rejectOnAbort(either, feed).then(() => null, stopping),
    checkList().then(() => null, stopping),
    tar,
  ])
  signal.throwIfAborted()
  for (const error of [listError, fedError]) if (error instanceof UserError) throw error
  if (fault.error) throw fault.error
  const [warning] = linesOf(result.stderr)
  if (result.failed || warning || fedError || listError)
    throw new UserError(
      describeFailure(label, warning ?? (fedError ?? listError)?.message ?? result.shortMessage),
    )
}

function describeFailure(label: string, reason = ''): string {
  const isFull = reason.endsWith('No space left on device')
  const next = isFull
    ? 'The disk is full: give the function more storage (`BuildStorage`).'
    : 'Run its job again.'
  return `${label} cannot be unpacked: ${reason}. ${next}`
}

/** Passes an archive on, and fails at its end unless it is the one on record. */
async function* verify(
  source: AsyncIterable<Uint8Array>,
  { bytes, sha256 }: Pick<Artifact, 'bytes' | 'sha256'>,
  label: string,
  fault: { error?: unknown },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let length = 0
  try {
    for await (const chunk of source) {
      length += chunk.length
      if (length > bytes) break
      hash.update(chunk)
      yield chunk
    }
  } catch (error) {
    fault.error = error
    throw error
  }
  if (length !== bytes || hash.digest('hex') !== sha256)
    throw new UserError(`${label} is not what its job has stored: size or SHA-256 differ from its record.`)
}

/** Passes on the unpacked data as long as it can be an artifact. */
function bounded({ unpackedBytes, entries }: Limits, label: string) {
  const most = unpackedBytes + entries * MEMBER_BYTES
  return async function* (source: AsyncIterable<Uint8Array>) {
    let length = 0
    for await (const chunk of source) {
      length += chunk.length
      if (length > most) throw new UserError(`${label}: it has more than ${describeBytes(unpackedBytes)}.`)
      yield chunk
    }
  }
}
