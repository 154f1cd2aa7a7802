import { constants as access, accessSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { pipeline as finished } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { execa } from 'execa'
import { rejectOnAbort } from '../workspace/concurrency.ts'

/** Fast rather than small: S3 is near, so compressing harder would cost more time than it saves. */
const LEVEL = 1
/** With smaller chunks, most of the time would go into passing them on. */
export const CHUNK_BYTES = 1024 * 1024

type Tree = {
  /** The directory that the names are relative to. */
  root: string
  /** PATH, the only variable that tar gets from the runner. */
  path: string
}

/** The compression of archives: an option of tar, or separate streams. */
type Codec = {
  options: readonly string[]
  pack: (raw: Readable) => Readable
  unpack: (archive: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>
}

/** The `zstd` command, if it is installed: it takes half the time of Node's zstd, and runs in its own process. */
const COMMAND: Codec = {
  options: [`--use-compress-program=zstd -${LEVEL}`],
  pack: raw => raw,
  unpack: archive => archive,
}
const COMPRESSION = { chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_c_compressionLevel]: LEVEL } }
const NODE: Codec = {
  options: [],
  pack: raw => pipeline(raw, createZstdCompress(COMPRESSION), () => {}),
  unpack: archive => pipeline(archive, createZstdDecompress({ chunkSize: CHUNK_BYTES }), () => {}),
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

export const processOptions = (path: string, cancelSignal: AbortSignal) =>
  ({ env: { PATH: path, LC_ALL: 'C' }, extendEnv: false, cancelSignal, reject: false }) as const

/** The format that keeps times to the nanosecond, without the times that are not restored. */
const FORMAT = ['--format=posix', '--pax-option=delete=atime,delete=ctime', '--sparse']

/** Restores modes and times exactly, under unchanged names. */
export const EXTRACT_OPTIONS = [
  ...[`--record-size=${CHUNK_BYTES}`, '--no-same-owner', '--same-permissions', '--delay-directory-restore'],
  ...['--no-unquote', '--warning=no-timestamp'],
]

/**
 * Packs exactly these files and directories below the root into a compressed archive. Links stay links.
 * @param names bytes, one in each character (latin1)
 * @param more further options of tar
 * @returns `done` rejects if something could not be packed unchanged. Files that have disappeared are skipped.
 */
export function packTree(
  { root, path }: Tree,
  names: readonly string[],
  signal: AbortSignal,
  more: readonly string[] = [],
) {
  const { options, pack } = codecFor(path)
  const selection = [
    ...FORMAT,
    ...more,
    '--no-recursion',
    '--null',
    '--verbatim-files-from',
    '--files-from=-',
  ]
  const tar = execa('tar', ['--create', ...options, '--file=-', '--directory', root, ...selection], {
    ...processOptions(path, signal),
    buffer: { stdout: false },
    input: Buffer.from(names.map(name => `${name}\0`).join(''), 'latin1'),
  })
  const packed = pack(tar.nodeChildProcess.stdout as Readable)
  const done = tar.then(result => {
    const errors = linesOf(result.stderr).filter(line => !GONE.test(line))
    if (result.failed && (errors.length > 0 || result.exitCode === undefined))
      throw new Error(errors[0] ?? result.shortMessage)
  })
  return { packed, done }
}

/** Unpacks an archive below the root, but only these names. Names that it does not contain are ignored. */
export async function unpackTree(
  { root, path }: Tree,
  names: readonly string[],
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const { options, unpack } = codecFor(path)
  const tar = execa(
    'tar',
    ['--extract', ...options, '--file=-', '--directory', root, ...EXTRACT_OPTIONS, '--', ...names],
    {
      ...processOptions(path, signal),
      stdin: 'pipe',
      stdout: 'ignore',
    },
  )
  const stdin = tar.nodeChildProcess.stdin
  if (!stdin) throw new Error('tar has no stdin')
  const [inputError, result] = await Promise.all([
    rejectOnAbort(signal, finished(unpack(archive), stdin, { signal })).then(
      () => null,
      error => error as NodeJS.ErrnoException,
    ),
    tar,
  ])
  // tar's own message is closer to the cause than an error of its input.
  const errors = linesOf(result.stderr).filter(line => !HARMLESS.test(line))
  if (result.failed && (errors.length > 0 || result.exitCode === undefined))
    throw new Error(errors[0] ?? result.shortMessage)
  // tar stops reading at the end of the archive, so the rest of the input may meet a closed pipe.
  if (inputError && !['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(inputError.code ?? '')) throw inputError
}

export const linesOf = (text: string | undefined) => (text ?? '').split('\n').filter(line => line !== '')
/** tar's messages for files that have disappeared, and its last line if there was no other error. */
const GONE =
  /: File removed before we read it$|: Cannot stat: No such file or directory$|Exiting with failure status due to previous errors$/
const HARMLESS = /: Not found in archive$|Exiting with failure status due to previous errors$/
