import { hasEnded } from '../../model/conclusion.ts'
import { UserError } from '../../model/user-error.ts'
import { requestCancel } from '../../records/cancel-request.ts'
import { countStates } from '../../records/job-wording.ts'
import { readRecords } from '../../records/read-records.ts'
import { type View, viewOf } from '../../records/view.ts'
import { describeStatus } from '../../records/wording.ts'
import { type Io, jsonText, printLine } from '../io.ts'
import { requesterName } from '../user.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { findBuild } from './targets.ts'

/** `lambci cancel OWNER/REPO[#N]`: requests the cancellation of a build, which then ends within seconds. */
export async function cancelBuild(
  target: string,
  options: StackOptions & { json?: boolean },
  io: Io,
): Promise<number> {
  using stack = await findStack(options, io)
  const { store } = stack
  const build = await findBuild(stack, target, io)
  const records = await readRecords(store, build)
  const view = records && viewOf(records)
  const name = `Build #${build.number} of ${view?.repository}`
  if (view && hasEnded(view.status))
    throw new UserError(`${name} has already ended: ${describeStatus(view)}.`)
  // Its tests have ended, and its deploy has not begun.
  const waits = view?.deploy?.status === 'waiting'
  if (view?.status === 'deploying' && !waits)
    throw new UserError(
      `${name} is deploying to ${view.deploy?.stage ?? view.stage}. A deploy that has started is not interrupted.`,
    )
  const by = requesterName()
  const request = await requestCancel(store, build, {
    by,
    why: `by ${by}`,
    supersededBy: null,
    at: new Date().toISOString(),
  })
  printLine(
    io,
    options.json
      ? jsonText({ ...build, request })
      : `${name} is being cancelled (${request.why}). ${describeJobsOf(view)}It ends within seconds, unless its deploy starts first.`,
  )
  return 0
}

/** The jobs that it ends, if there are several. */
function describeJobsOf(view: View | null): string {
  const unfinished =
    view?.jobs.filter(({ status }) => ['running', 'queued', 'waiting'].includes(status)) ?? []
  return unfinished.length > 0 ? `Jobs: ${countStates(unfinished)}. ` : ''
}
