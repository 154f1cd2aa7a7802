import { type Adoption, adopt, planAdoption } from '../../account/adopt.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, printLine } from '../io.ts'
import type { StackOptions } from './find-stack.ts'
import { openRepository } from './open-target.ts'
import { isInteractive, promptChoice } from './prompts.ts'
import { lookupOf } from './targets.ts'

/** `lambci adopt OWNER/REPO`: allows builds of the repository that took over the name of another one. */
export async function adoptRepository(target: string, options: StackOptions, io: Io): Promise<number> {
  using opened = await openRepository(target, options, io)
  const { repository, stack } = opened
  const lookup = await lookupOf(stack)
  if (!lookup)
    throw new UserError('GitHub must be asked about this. Name a stack that is set up, with --stack.')
  const adoption = await planAdoption(stack.store, repository, lookup)
  if (!adoption) {
    printLine(io, `There is nothing to adopt: no other repository was built as ${repository}.`)
    return 0
  }
  const effect = describe(adoption)
  if (isInteractive(io)) {
    const choices = { yes: 'Adopt it', no: 'Change nothing' }
    if ((await promptChoice(io, effect, choices)) === 'no') return 0
  }
  await adopt(stack.store, adoption)
  printLine(io, `${effect}\nAdopted. Send the refused delivery again, or push.`)
  return 0
}

function describe({ repository, id, formerId, kind, formerName, project }: Adoption): string {
  const who = `${repository} is the repository with GitHub's id ${id} now; the one with ${formerId} was built under this name until now.`
  const rest = formerName === null ? '' : ` Those of ${formerId} stay with ${formerName}.`
  if (kind === 'keeps')
    return `${who} It was built here under another name, ${project.slice('gh/'.length)}, and keeps its own builds, settings, secrets and stages.${rest}`
  if (kind === 'starts')
    return `${who} It starts without builds, settings, secrets and stages of its own.${rest}`
  return `${who} GitHub no longer shows repository ${formerId}, so ${id} takes over its builds, settings, secrets and stages.`
}
