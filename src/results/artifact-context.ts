import { MOST_PACKED_BYTES } from '../model/artifact.ts'
import { describeBytes } from '../model/describe-bytes.ts'
import type { Store } from '../records/store.ts'
import type { Sandbox } from '../workspace/sandbox.ts'

/** The limits of an artifact. */
export type Limits = {
  /** The size of the archive. */
  packedBytes: number
  /** The size of the files. Those with holes count in full. */
  unpackedBytes: number
  /** Files, links and directories. */
  entries: number
}

export const LIMITS: Limits = {
  packedBytes: MOST_PACKED_BYTES,
  unpackedBytes: 1024 ** 3,
  entries: 200_000,
}

/** The context for packing and unpacking artifacts. */
export type ArtifactContext = {
  store: Store
  sandbox: Pick<Sandbox, 'directory' | 'workspace'>
  /** PATH. */
  path: string
  /** When packing or unpacking is aborted; ms since 1970. */
  deadline: number
  signal: AbortSignal
  logLine: (line: string) => Promise<void>
  /** Default: `LIMITS`. */
  limits?: Limits
}

/** The line of the log about a packed or unpacked artifact. */
export function describeArtifact(label: string, files: number, bytes: number): string {
  return `${label}: ${files} ${files === 1 ? 'file' : 'files'}, ${describeBytes(bytes)}`
}
