import type { Readable, Writable } from 'node:stream'
import { inspect, styleText } from 'node:util'
import { escapeControls } from '../model/escape-controls.ts'
import { TerminalFilter } from './terminal-filter.ts'

/** The streams, variables and directory of a command. */
export type Io = {
  stdin: Readable & { isTTY?: boolean }
  stdout: Writable & { isTTY?: boolean; columns?: number }
  stderr: Writable & { isTTY?: boolean; columns?: number }
  /** The variables that commands read. The AWS SDK and git read those of the process. */
  env: Readonly<NodeJS.ProcessEnv>
  /** The directory in which the command was typed. */
  cwd: () => string
  /** Whether logs are written byte by byte, whatever they do to a terminal. */
  isRaw?: boolean
}

/** The streams and variables of this process. */
export const processIo: Io = process

/** The filter of the log that standard output is getting. */
const logs = new WeakMap<Writable, TerminalFilter>()

function logOf({ stdout }: Io): TerminalFilter {
  const filter = logs.get(stdout) ?? new TerminalFilter()
  logs.set(stdout, filter)
  return filter
}

/** Carriage returns, separators of lines, and direction controls (UAX #9), none of which this program writes. */
const HIDING = /[\r\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A text of this program, which may quote names, messages and reasons that others wrote. */
function shown(text: string): string {
  const filter = new TerminalFilter()
  return filter.push(Buffer.from(text.replace(HIDING, '\ufffd'))) + filter.end()
}

/** Writes a text to standard output. Text that others wrote cannot control the terminal. */
export function printText(io: Io, text: string): void {
  endOutput(io)
  io.stdout.write(shown(text))
}

/** Like `printText`, with a line break. */
export const printLine = (io: Io, text: string): void => printText(io, `${text}\n`)

/** Writes a line to standard error; for a list, one line per text. Control characters are escaped. */
export function printNote({ stderr }: Io, text: string | readonly string[]): void {
  const lines = typeof text === 'string' ? [text] : text
  stderr.write(lines.map(line => `${escapeControls(line)}\n`).join(''))
}

/** Replaces the line of progress on standard error, if that is a terminal; an empty text removes it. */
export function printProgress({ stderr }: Io, text: string): void {
  if (stderr.isTTY) stderr.write(`\r\x1b[K${escapeControls(text).slice(0, (stderr.columns ?? 80) - 1)}`)
}

/** Prints a fault of the program, with its stack. Quoted text cannot begin a line. */
export const printFault = (io: Io, error: unknown): void =>
  printNote(
    io,
    inspect(error)
      .split('\n')
      .map((line, index) => (index === 0 ? line : line.replace(/^(?! )/, '  '))),
  )

/** A value as JSON, to be printed. Control characters in its texts are escaped, so that a program reads the same value. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/**
 * Writes the next part of a log, without anything that controls the terminal. Resolves once it is written: with a slow reader it would
 * otherwise be lost or fill the memory.
 */
export const printBytes = (io: Io, bytes: Uint8Array): Promise<void> =>
  new Promise(resolve => io.stdout.write(io.isRaw ? bytes : logOf(io).push(bytes), () => resolve()))

/** Ends the log that was written last, so that its colours do not reach what follows. Resolves once the end is written. */
export function endOutput(io: Io): Promise<void> {
  const rest = logOf(io).end()
  return rest === '' ? Promise.resolve() : new Promise(resolve => io.stdout.write(rest, () => resolve()))
}

export type Style = (format: Parameters<typeof styleText>[0], text: string) => string

/** Styles text for standard output, if that is a terminal with colors. */
export const styleFor =
  ({ stdout }: Io): Style =>
  (format, text) =>
    styleText(format, text, { stream: stdout })
