import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { UserError } from '../../model/user-error.ts'
import type { Io } from '../io.ts'

/** Whether prompts can be shown. */
export const isInteractive = ({ stdin, stdout }: Io): boolean => Boolean(stdin.isTTY && stdout.isTTY)

/** Reads a file, without its final newline. @throws UserError if it cannot be read or is not text */
export async function readSecretFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`Cannot read ${path} (${error.code}).`)
  })
  return toText(bytes, path)
}

/** Reads standard input, without its final newline. @throws UserError if it is not text */
export const readStandardInput = async ({ stdin }: Io): Promise<string> =>
  toText(await buffer(stdin), 'Standard input')

/** Decodes UTF-8. Any other bytes would be stored incorrectly. */
function toText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch {
    throw new UserError(`${source} is not UTF-8 text. Encode it first, for example with base64.`)
  }
}

const terminalOf = ({ stdin, stdout }: Io) => ({ input: stdin, output: stdout })

/** Prompts for a value and masks the input. */
export async function promptSecret(io: Io, message: string): Promise<string> {
  const { password } = await import('@inquirer/prompts')
  return (await password({ message, mask: '*' }, terminalOf(io))).trim()
}

export async function promptText(io: Io, message: string, defaultText: string): Promise<string> {
  const { input } = await import('@inquirer/prompts')
  return (await input({ message, default: defaultText }, terminalOf(io))).trim()
}

export async function promptChoice<T extends string>(
  io: Io,
  message: string,
  choices: Record<T, string>,
): Promise<T> {
  const { select } = await import('@inquirer/prompts')
  const entries = Object.entries(choices) as [T, string][]
  return select({ message, choices: entries.map(([value, name]) => ({ value, name })) }, terminalOf(io))
}
