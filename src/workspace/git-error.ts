import { UserError } from '../model/user-error.ts'

/** What git says (or the transport below it), and what a person can do about it. */
const ADVICE: [RegExp, string][] = [
  [
    /authentication failed|invalid credentials|error: 401/i,
    'Check the token for clones: GitHub did not accept it.',
  ],
  [
    /could not read username|repository .* not found|error: 404/i,
    'Check that the repository exists; if it is private, that the token for clones may read it.',
  ],
  [/error: 403/i, 'Check that the token for clones may read this repository, and its rate limit.'],
  [
    /not our ref|couldn't find remote ref|unadvertised object|no such remote ref/i,
    'The commit is gone: its branch was deleted or overwritten by a forced push. Push again to build what is there now.',
  ],
  [
    /could not resolve/i,
    "The host's name was not found: check the address, and the network (a VPC needs a way out).",
  ],
  [
    /failed to connect|connection refused|couldn't connect/i,
    'The server cannot be reached: check the address and the network.',
  ],
  [/ssl|certificate/i, 'Check the certificates of the server and of this machine.'],
  // What several workers write at once is refused in fewer words.
  [
    /no space left|unable to write file/i,
    'The disk is full: give the function more storage, or fetch less (`git.depth`).',
  ],
]

/** A failure of git as people read it: its own last word, and what to check. */
export function gitError(what: string, output: string): UserError {
  const said = lastWord(output)
  const advice = ADVICE.find(([pattern]) => pattern.test(said))?.[1]
  const reason = said === '' ? 'git failed without a word' : said
  return new UserError(`${what} failed: ${reason}.${advice ? ` ${advice}` : ''}`)
}

/** The last line in which git says what is wrong; control characters of a hostile server made harmless. */
function lastWord(output: string): string {
  const lines = output.split(/[\r\n]+/).map(line => line.trim())
  const meaningful = lines.filter(line => line !== '')
  const failure = meaningful.findLast(line => /^(fatal|error): /.test(line)) ?? meaningful.at(-1) ?? ''
  return failure
    .replace(/^(fatal|error): /, '')
    .replace(/\p{Cc}|\p{Bidi_Control}/gu, '?')
    .replace(/\.$/, '')
    .slice(0, 500)
}
