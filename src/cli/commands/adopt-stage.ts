import { randomUUID } from 'node:crypto'
import { readAccount } from '../../account/settings.ts'
import { adoptStage } from '../../deploy/binding.ts'
import { branchSchema } from '../../model/build.ts'
import { UserError } from '../../model/user-error.ts'
import { recordStageRequest } from '../../records/stage-requests.ts'
import { type Io, jsonText, printLine } from '../io.ts'
import { requesterName } from '../user.ts'
import type { StackOptions } from './find-stack.ts'
import { openStage } from './open-target.ts'

/** `lambci stages adopt OWNER/REPO STAGE BRANCH…`: from now on, only these branches deploy to the stage. */
export async function adopt(
  words: readonly string[],
  options: StackOptions & { json?: boolean },
  io: Io,
): Promise<number> {
  const isNamed = words[0]?.includes('/') || words[0] === '.'
  const [target, branches] = isNamed
    ? [words.slice(0, 2), words.slice(2)]
    : [words.slice(0, 1), words.slice(1)]
  if (branches.length === 0)
    throw new UserError('Name the branches, too: stages adopt [owner/repo] stage branch…')
  const wrong = branches.find(branch => !branchSchema.safeParse(branch).success || branch === '')
  if (wrong !== undefined) throw new UserError(`"${wrong}" is not the name of a branch.`)
  using opened = await openStage(target, options, io)
  const { stack, repository, stage: name, ref: stage } = opened
  const account = await readAccount(stack.store, stage.project)
  const pinned = account.pinnedBranches(name)
  if (pinned)
    throw new UserError(
      `Stage ${name} is pinned to ${pinned.join(', ')} by the account's settings: change "pinnedStages" there (lambci config).`,
    )
  const binding = { branches: [...branches], by: requesterName(), at: new Date().toISOString() }
  const request = { project: stage.project, id: randomUUID() }
  await recordStageRequest(stack.store, request, { kind: 'adopt', stage: name, ...binding })
  await adoptStage(stack.store, stage, binding)
  printLine(
    io,
    options.json
      ? jsonText({ ...stage, ...binding })
      : `Stage ${name} of ${repository} belongs to ${branches.join(', ')} now. The next push to it deploys there.`,
  )
  return 0
}
