import { randomUUID } from 'node:crypto'
import { holdStage, releaseStage } from '../../deploy/hold.ts'
import { recordStageRequest } from '../../records/stage-requests.ts'
import { describeMoment } from '../describe-moment.ts'
import { type Io, jsonText, printLine } from '../io.ts'
import { requesterName } from '../user.ts'
import type { StackOptions } from './find-stack.ts'
import { openStage } from './open-target.ts'

type HoldOptions = StackOptions & { json?: boolean }

/** `lambci hold OWNER/REPO STAGE`: from now on, pushes deploy nothing to the stage. */
export async function hold(words: readonly string[], options: HoldOptions, io: Io): Promise<number> {
  using opened = await openStage(words, options, io)
  const { stack, repository, stage: name, ref: stage } = opened
  const wanted = { by: requesterName(), at: new Date().toISOString() }
  await recordStageRequest(stack.store, requestFor(stage), { kind: 'hold', stage: name, ...wanted })
  const { by, at } = await holdStage(stack.store, stage, wanted)
  const since = at === wanted.at ? '' : ` since ${describeMoment(at)}`
  printLine(
    io,
    options.json
      ? jsonText({ ...stage, by, at })
      : `Stage ${name} of ${repository} is held by ${by}${since}. Pushes are tested and not deployed; "lambci deploy" and "lambci rollback" work. To end that: lambci release ${repository} ${name}`,
  )
  return 0
}

/** `lambci release OWNER/REPO STAGE`: pushes deploy again. */
export async function release(words: readonly string[], options: HoldOptions, io: Io): Promise<number> {
  using opened = await openStage(words, options, io)
  const { stack, repository, stage: name, ref: stage } = opened
  const wanted = { by: requesterName(), at: new Date().toISOString() }
  await recordStageRequest(stack.store, requestFor(stage), { kind: 'release', stage: name, ...wanted })
  const ended = await releaseStage(stack.store, stage)
  const text = ended
    ? `Stage ${name} of ${repository} is released. The next push deploys to it; what was pushed meanwhile does not. To deploy that: lambci deploy ${repository} ${name}`
    : `Stage ${name} of ${repository} was not held.`
  printLine(io, options.json ? jsonText({ ...stage, released: ended }) : text)
  return 0
}

const requestFor = ({ project }: { project: string }) => ({ project, id: randomUUID() })
