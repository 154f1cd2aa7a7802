import { constants as access, accessSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { pipeline as finished } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { execa } from 'execa'
import { rejectOnAbort } from '../workspace/concurrency.ts'

/** Fast rather than small: it is read far more often than it is written, and S3 is near. */
const LEVEL = 1
/** Large pieces, or most of the time goes into handing them on. */
const PIECE_BYTES = 1024 * 1024

type Tree = {
  /** Where the names begin. */
  root: string
  /** PATH, and nothing else of the runner's. */
  path: string
}

/** What compresses: tar's options, or what stands between tar and us. */
type Codec = {
  options: readonly string[]
  pack: (raw: Readable) => Readable
  unpack: (archive: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>
}

/** The command, where there is one: it takes half of Node's time, and in a process of its own. */
const COMMAND: Codec = {
  options: [`--use-compress-program=zstd -${LEVEL}`],
  pack: raw => raw,
  unpack: archive => archive,
}
const PACKING = { chunkSize: PIECE_BYTES, params: { [constants.ZSTD_c_compressionLevel]: LEVEL } }
const NODE: Codec = {
  options: [],
  pack: raw => pipeline(raw, createZstdCompress(PACKING), () => {}),
  unpack: archive => pipeline(archive, createZstdDecompress({ chunkSize: PIECE_BYTES }), () => {}),
}
const codecFor = (path: string) => (path.split(delimiter).some(hasCommand) ? COMMAND : NODE)

function hasCommand(directory: string): boolean {
  try {
    accessSync(join(directory, 'zstd'), access.X_OK)
    return true
  } catch {
    return false
  }
}

const surroundings = (path: string, cancelSignal: AbortSignal) =>
  ({ env: { PATH: path, LC_ALL: 'C' }, extendEnv: false, cancelSignal, reject: false }) as const

/**
 * An archive of exactly these files and directories below the root, compressed; links stay links. Who owns it may read, write and
 * enter all of it when it is unpacked: others may have to write next to it.
 * @returns `done` throws where tar could not go on; what is changed while it is read, or cannot be read, is left out
 */
export function packTree({ root, path }: Tree, names: readonly string[], signal: AbortSignal) {
  const { options, pack } = codecFor(path)
  const what = ['--no-recursion', '--mode=u+rwX', '--null', '--verbatim-files-from', '--files-from=-']
  const tar = execa('tar', ['--create', ...options, '--file=-', '--directory', root, ...what], {
    ...surroundings(path, signal),
    buffer: { stdout: false },
    input: names.map(name => `${name}\0`).join(''),
  })
  const packed = pack(tar.nodeChildProcess.stdout as Readable)
  const done = tar.then(result => {
    const faults = linesOf(result.stderr)
    if (result.exitCode === undefined || faults.some(line => END.test(line)))
      throw new Error(faults[0] ?? result.shortMessage)
  })
  return { packed, done }
}

/** Unpacks an archive below the root; of what is in it, only these names. */
export async function unpackTree(
  { root, path }: Tree,
  names: readonly string[],
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const { options, unpack } = codecFor(path)
  const how = [
    ...[`--record-size=${PIECE_BYTES}`, '--no-same-owner', '--delay-directory-restore'],
    ...['--no-unquote', '--warning=no-timestamp'],
  ]
  const tar = execa(
    'tar',
    ['--extract', ...options, '--file=-', '--directory', root, ...how, '--', ...names],
    {
      ...surroundings(path, signal),
      ...{ stdin: 'pipe', stdout: 'ignore' },
    },
  )
  const stdin = tar.nodeChildProcess.stdin
  if (!stdin) throw new Error('tar takes no input')
  const [fed, result] = await Promise.all([
    rejectOnAbort(signal, finished(unpack(archive), stdin, { signal })).then(
      () => null,
      error => error as NodeJS.ErrnoException,
    ),
    tar,
  ])
  // What tar says is nearer to the cause. That something was not there when it was packed is no fault.
  const faults = linesOf(result.stderr).filter(line => !NO_FAULT.test(line))
  if (result.failed && (faults.length > 0 || result.exitCode === undefined))
    throw new Error(faults[0] ?? result.shortMessage)
  // Tar reads no further than the archive's end, whatever comes after it.
  if (fed && !['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(fed.code ?? '')) throw fed
}

const linesOf = (text: string | undefined) => (text ?? '').split('\n').filter(line => line !== '')
/** How tar says that it could not go on. */
const END = /Error is not recoverable|Child (?:returned status|died)/
const NO_FAULT = /: Not found in archive$|Exiting with failure status due to previous errors$/
