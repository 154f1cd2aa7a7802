import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { UserError } from '../../model/user-error.ts'

/** Whether a person is there to be asked. */
export const isInteractive = (): boolean => Boolean(process.stdin.isTTY && process.stdout.isTTY)

/** What a file says, without the newline at its end. @throws Problem where it cannot be read */
export async function readSecretFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    throw new UserError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}

/** What comes on standard input, without the newline at its end. */
export const readStandardInput = async (): Promise<string> =>
  (await text(process.stdin)).replace(/\r?\n$/, '')

/** Asks for something that is not shown while it is typed. */
export async function askSecret(message: string): Promise<string> {
  const { password } = await import('@inquirer/prompts')
  return (await password({ message, mask: '*' })).trim()
}

export async function askText(message: string, otherwise: string): Promise<string> {
  const { input } = await import('@inquirer/prompts')
  return (await input({ message, default: otherwise })).trim()
}

export async function askChoice<T extends string>(message: string, choices: Record<T, string>): Promise<T> {
  const { select } = await import('@inquirer/prompts')
  const entries = Object.entries(choices) as [T, string][]
  return select({ message, choices: entries.map(([value, name]) => ({ value, name })) })
}
