import { escapeControls } from '../../model/escape-controls.ts'
import { UserError } from '../../model/user-error.ts'
import { approve } from '../../records/approval.ts'
import { readCancelRequest } from '../../records/cancel-request.ts'
import { readRecords } from '../../records/read-records.ts'
import { readReplacement } from '../../records/replacement.ts'
import { viewOf } from '../../records/view.ts'
import { describeStatus } from '../../records/wording.ts'
import { type Io, printLine } from '../io.ts'
import { requesterName } from '../user.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { findBuild, namesBuild } from './targets.ts'

/** `lambci approve OWNER/REPO#N`: starts a build that waits for approval. It starts within seconds. */
export async function approveBuild(
  target: string,
  options: StackOptions & { json?: boolean },
  io: Io,
): Promise<number> {
  // The newest build may have another commit than the one that was reviewed.
  if (!namesBuild(target))
    throw new UserError(
      `"${target}" does not say which build. Write 12 or owner/repo#12; "lambci builds" lists them.`,
    )
  using stack = await findStack(options, io)
  const { store } = stack
  const build = await findBuild(stack, target, io)
  const records = await readRecords(store, build)
  if (!records) throw new UserError(`There is no build #${build.number}.`)
  const view = viewOf(records)
  const { repository, number, commit } = view
  if (view.status !== 'waiting')
    throw new UserError(
      `Build #${number} of ${repository} does not wait for approval: ${escapeControls(describeStatus(view))}.`,
    )
  const cancelled = await readCancelRequest(store, build)
  if (cancelled && cancelled.supersededBy === null)
    throw new UserError(`Build #${number} of ${repository} is being cancelled: ${cancelled.why}.`)
  const replacement = await readReplacement(store, records.build)
  if (replacement)
    throw new UserError(
      `Build #${number} of ${repository} can no longer be approved: ${
        replacement.isClosed
          ? 'its pull request is closed.'
          : `#${replacement.newer} of the same pull request is newer. To approve that: lambci approve ${repository}#${replacement.newer}`
      }`,
    )
  const by = requesterName()
  const at = new Date().toISOString()
  const approval = await approve(store, build, { number, commit, by, at })
  const who = approval.at === at && approval.by === by ? '' : ` by ${approval.by}`
  printLine(
    io,
    options.json
      ? JSON.stringify({ ...build, approval })
      : `Build #${number} of ${repository} is approved${who}, for commit ${commit.slice(0, 10)}. It starts within seconds. To follow it: lambci logs -f ${repository}#${number}`,
  )
  return 0
}
