import { LARGEST_VARIABLE, sizeOfVariable } from '../model/variable-size.ts'

const ADVICE = 'Shorten it, or keep it in a file (for example in S3) that the command fetches.'

/** Why the system refused to start a command with these variables (E2BIG), and the fix. */
export function explainSize(command: string, env: Readonly<Record<string, string>>): string {
  const commandSize = Buffer.byteLength(command) + 1
  if (commandSize > LARGEST_VARIABLE)
    return `The command is too long to be started: ${commandSize} bytes of at most ${LARGEST_VARIABLE}. Move it into a script in the repository.`
  const sizes = Object.entries(env).map(([name, value]) => ({ name, size: sizeOfVariable(name, value) }))
  const [largest] = sizes.toSorted((one, other) => other.size - one.size)
  const total = sizes.reduce((sum, { size }) => sum + size, commandSize)
  if (largest && largest.size > LARGEST_VARIABLE)
    return `The variable ${shortName(largest.name)} is too large for a command to be started: ${largest.size} bytes with its name, of at most ${LARGEST_VARIABLE}. ${ADVICE}`
  return `The command and its ${sizes.length} variables are too large together: ${total} bytes. The largest variable is ${shortName(largest?.name ?? '')} (${largest?.size} bytes). ${ADVICE}`
}

const shortName = (name: string) => (name.length <= 100 ? name : `${name.slice(0, 100)}…`)
