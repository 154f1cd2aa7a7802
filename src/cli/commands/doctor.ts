import { EXIT } from '../exit-codes.ts'
import { type Io, jsonText, printLine, type Style, styleFor } from '../io.ts'
import { checkAccount, checkImage } from './doctor-aws.ts'
import { checkRepository } from './doctor-repository.ts'
import { checkPages, checkSetup } from './doctor-stack.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { type Finding, findingOf } from './finding.ts'

export type DoctorOptions = StackOptions & { json?: boolean }

/**
 * `lambci doctor`: checks everything that a build needs between GitHub and the stack, and prints how to fix what is wrong. Changes
 * nothing. Returns the exit code: 1 if something is wrong.
 */
export async function examine(word: string | undefined, options: DoctorOptions, io: Io): Promise<number> {
  const findings = await findingsOf(word, options, io)
  printLine(
    io,
    options.json ? jsonText(findings) : findings.map(each => describe(each, styleFor(io))).join('\n'),
  )
  return findings.some(({ state }) => state === 'wrong') ? EXIT.red : EXIT.done
}

async function findingsOf(word: string | undefined, options: DoctorOptions, io: Io): Promise<Finding[]> {
  const found = await findStack(options, io).catch((error: Error) => findingOf('System', error))
  if ('check' in found) return [...(await checkAccount()), found]
  using stack = found
  const ofAccount = stack.isLocal ? [] : await checkAccount()
  const system: Finding = { check: 'System', state: 'ok', text: stack.name, advice: null }
  return [
    ...ofAccount,
    system,
    ...(await checkPages(stack)),
    ...(stack.stackName === null ? [] : await checkImage(stack.stackName, new Date())),
    ...(await checkSetup(stack, io)),
    ...(await checkRepository(word, stack, io)),
  ]
}

const LABELS = { ok: 'ok', note: 'note', wrong: 'WRONG' } as const
const COLORS = { ok: 'green', note: 'yellow', wrong: 'red' } as const

function describe({ check, state, text, advice }: Finding, style: Style): string {
  const label = style(COLORS[state], LABELS[state].padEnd(6))
  const line = `${label} ${check.padEnd(12)} ${text}`
  return advice === null ? line : `${line}\n${' '.repeat(20)}${advice}`
}
