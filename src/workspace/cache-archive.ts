import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { execa } from 'execa'

/** Fast rather than small: it is read far more often than it is written, and S3 is near. */
const LEVEL = 1
/** Large pieces, or most of the time goes into handing them on. */
const chunkSize = 1024 * 1024
const PACKING = { chunkSize, params: { [constants.ZSTD_c_compressionLevel]: LEVEL } }

type Tree = {
  /** Where the names begin. */
  root: string
  /** PATH, and nothing else of the runner's. */
  path: string
}

/**
 * An archive of exactly these files and directories below the root, compressed; links stay links. Who owns it may read, write and
 * enter all of it when it is unpacked: others may have to write next to it.
 */
export function packTree({ root, path }: Tree, names: readonly string[], signal: AbortSignal) {
  const options = ['--create', '--file=-', '--directory', root, '--no-recursion', '--mode=u+rwX']
  const tar = execa('tar', [...options, '--null', '--verbatim-files-from', '--files-from=-'], {
    ...{
      env: { PATH: path, LC_ALL: 'C' },
      extendEnv: false,
      cancelSignal: signal,
      buffer: { stdout: false },
    },
    input: names.map(name => `${name}\0`).join(''),
    // What is changed while it is read, or cannot be read, is left out; the rest counts.
    reject: false,
  })
  const packed = createZstdCompress(PACKING)
  const done = pipeline(tar.nodeChildProcess.stdout as Readable, packed, { end: true, signal })
  return { packed, done }
}

/** Unpacks an archive below the root; of what is in it, only these names. */
export async function unpackTree(
  { root, path }: Tree,
  names: readonly string[],
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const options = [
    '--extract',
    '--file=-',
    '--directory',
    root,
    '--no-same-owner',
    '--delay-directory-restore',
  ]
  const tar = execa('tar', [...options, '--', ...names], {
    ...{ env: { PATH: path, LC_ALL: 'C' }, extendEnv: false, cancelSignal: signal, reject: false },
    ...{ stdin: 'pipe', stdout: 'ignore' },
  })
  const stdin = tar.nodeChildProcess.stdin
  if (!stdin) throw new Error('tar takes no input')
  const [fed, result] = await Promise.all([
    pipeline(archive, createZstdDecompress({ chunkSize }), stdin, { signal }).then(
      () => null,
      error => error as NodeJS.ErrnoException,
    ),
    tar,
  ])
  // What tar says is nearer to the cause. That something was not there when it was packed is no fault.
  const faults = (result.stderr ?? '').split('\n').filter(line => line !== '' && !NO_FAULT.test(line))
  if (result.failed && (faults.length > 0 || result.exitCode === undefined))
    throw new Error(faults.at(-1) ?? result.shortMessage)
  // Tar reads no further than the archive's end, whatever comes after it.
  if (fed && !['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(fed.code ?? '')) throw fed
}

const NO_FAULT = /: Not found in archive$|Exiting with failure status due to previous errors$/
