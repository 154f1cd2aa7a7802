import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'

/** What a command reads and writes beside files and servers. */
export type Io = {
  stdin: Readable & { isTTY?: boolean }
  stdout: Writable & { isTTY?: boolean; columns?: number }
  stderr: Writable & { isTTY?: boolean; columns?: number }
  /** The variables that commands read. The AWS SDK and git read those of the process. */
  env: Readonly<NodeJS.ProcessEnv>
}

/** The streams and variables of this process. */
export const processIo: Io = process

/** Writes a text and a line break to standard output. */
export const printLine = ({ stdout }: Io, text: string): void => {
  stdout.write(`${text}\n`)
}

/** Resolves once the bytes are written: with a slow reader they would otherwise be lost or fill the memory. */
export const printBytes = ({ stdout }: Io, bytes: Uint8Array): Promise<void> =>
  new Promise(resolve => stdout.write(bytes, () => resolve()))

export type Style = (format: Parameters<typeof styleText>[0], text: string) => string

/** Styles text for standard output, if that is a terminal with colors. */
export const styleFor =
  ({ stdout }: Io): Style =>
  (format, text) =>
    styleText(format, text, { stream: stdout })
