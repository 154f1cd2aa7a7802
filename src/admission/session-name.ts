import { createHash } from 'node:crypto'

/** STS's limit, in characters. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const LONGEST = 64
/** Of SHA-256. */
const HASH_DIGITS = 6

/**
 * The name of a role's session, which shows the actions of a deploy or a job in CloudTrail: `ada.web+production+12`. A repository or part
 * that is too long is cut, and then has a hash after a `=`, as does one with a character that STS does not allow.
 * @param part the stage of a deploy, or the name of a job
 */
export function sessionNameOf(
  { project, number }: { project: string; number: number },
  part: string,
): string {
  const repository = project.replace(/^gh\//, '').replaceAll('/', '.')
  const room = LONGEST - `++${number}`.length
  // A short one leaves its room for the other.
  const forRepository = Math.max(Math.floor(room / 2), room - part.length)
  const shortened = shorten(repository, forRepository)
  return `${shortened}+${shorten(part, room - shortened.length)}+${number}`
}

function shorten(text: string, room: number): string {
  const usable = text.replaceAll(/[^A-Za-z0-9_.@-]/g, '_')
  if (usable === text && text.length <= room) return text
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS)
  return `${usable.slice(0, room - HASH_DIGITS - 1)}=${hash}`
}
