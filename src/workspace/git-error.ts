import { UserError } from '../model/user-error.ts'

/** Parallel checkout workers report a full disk only as "unable to write file". */
export const DISK_FULL = /no space left|disk quota exceeded|unable to write file/i
const FAILURE = /^(fatal|error|fetch-pack): /

/** Makes an error for people from the output of a git command: its error message, and what to check. */
export function gitError(what: string, output: string): UserError {
  const advice = DISK_FULL.test(output) ? ` ${DISK_ADVICE}` : ''
  return new UserError(`${what} failed: ${errorLine(output, DISK_FULL)}.${advice}`)
}

export const DISK_ADVICE = 'The disk is full: give the function more storage, or fetch less (`git.depth`).'

/**
 * An error line of git's output, without its prefix: the first that matches, else the last. Control characters from a
 * hostile server are replaced.
 */
export function errorLine(output: string, wanted?: RegExp): string {
  const lines = linesOf(output)
  const failures = lines.filter(line => FAILURE.test(line))
  const line = lines.find(each => wanted?.test(each)) ?? failures.at(-1) ?? lines.at(-1) ?? ''
  const text = line
    .replace(FAILURE, '')
    .replace(/^unable to access '[^']*': /, '')
    .replace(/\.$/, '')
  return printable(text, 500) || 'git printed no error message'
}

/** The server's own messages: the lines that git marks with `remote:`. */
export const remoteText = (output: string) =>
  printable(
    linesOf(output)
      .flatMap(line => /^remote: (.*)$/.exec(line)?.[1] ?? [])
      .join(' '),
    200,
  )

const linesOf = (output: string) =>
  output
    .split(/[\r\n]+/)
    .map(line => line.trim())
    .filter(line => line !== '')

const printable = (text: string, length: number) =>
  text.replace(/\p{Cc}|\p{Bidi_Control}/gu, '?').slice(0, length)
