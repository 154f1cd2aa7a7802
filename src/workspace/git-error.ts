import { UserError } from '../model/user-error.ts'

/** Error messages of git or its transport, and what to do about them. */
const ADVICE: [RegExp, string][] = [
  [
    /authentication failed|invalid credentials|error: 401/i,
    'Check the token for clones: GitHub did not accept it.',
  ],
  [
    /could not read username|repository .* not found|error: 404/i,
    'Check that the repository exists and, if it is private, that the token for clones may read it.',
  ],
  [/error: 403/i, 'Check that the token for clones may read this repository, and its rate limit.'],
  [
    /not our ref|couldn't find remote ref|unadvertised object|no such remote ref/i,
    'The commit is gone: its branch was deleted or overwritten by a forced push. Push again to build the new commit.',
  ],
  [
    /could not resolve/i,
    'The host name was not found: check the address and the network (a VPC needs a NAT gateway).',
  ],
  [
    /failed to connect|connection refused|couldn't connect/i,
    'The server cannot be reached: check the address and the network.',
  ],
  [/ssl|certificate/i, 'Check the certificates of the server and of this machine.'],
  // Parallel checkout workers report a full disk only as "unable to write file".
  [
    /no space left|unable to write file/i,
    'The disk is full: give the function more storage, or fetch less (`git.depth`).',
  ],
]

/** Makes an error for people: git's own message, and what to check. */
export function gitError(what: string, output: string): UserError {
  const message = errorMessage(output)
  const advice = ADVICE.find(([pattern]) => pattern.test(message))?.[1]
  const reason = message === '' ? 'git printed no error message' : message
  return new UserError(`${what} failed: ${reason}.${advice ? ` ${advice}` : ''}`)
}

/** The last error line of git's output. Control characters from a hostile server are replaced. */
function errorMessage(output: string): string {
  const lines = output.split(/[\r\n]+/).map(line => line.trim())
  const meaningful = lines.filter(line => line !== '')
  const failure = meaningful.findLast(line => /^(fatal|error): /.test(line)) ?? meaningful.at(-1) ?? ''
  return failure
    .replace(/^(fatal|error): /, '')
    .replace(/\p{Cc}|\p{Bidi_Control}/gu, '?')
    .replace(/\.$/, '')
    .slice(0, 500)
}
