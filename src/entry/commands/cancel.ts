import { userInfo } from 'node:os'
import { wishToCancel } from '../../build/cancel-wish.ts'
import { describeOutcome } from '../../build/outcome.ts'
import { readRecords } from '../../build/records.ts'
import { hasEnded } from '../../build/result.ts'
import { viewOf } from '../../build/view.ts'
import { repositoryOf } from '../../job/job.ts'
import { Problem } from '../../problem.ts'
import { findStack, type StackOptions } from './find-stack.ts'
import { findBuild } from './targets.ts'

/** `lambci cancel OWNER/REPO[#N]`: asks for the end of a build, which comes within seconds. */
export async function cancelBuild(
  target: string,
  options: StackOptions & { json?: boolean },
): Promise<number> {
  const { store } = await findStack(options)
  const build = await findBuild(store, target)
  const name = `Build #${build.number} of ${repositoryOf(build.project)}`
  const records = await readRecords(store, build)
  const view = records && viewOf(records)
  if (view && hasEnded(view.status)) throw new Problem(`${name} has ended already: ${describeOutcome(view)}.`)
  if (view?.status === 'deploying')
    throw new Problem(`${name} is deploying to ${view.stage}: a deploy that has begun is not cut off.`)
  const by = userInfo().username
  const wish = await wishToCancel(store, build, {
    ...{ by, why: `by ${by}`, supersededBy: null },
    at: new Date().toISOString(),
  })
  console.log(
    options.json
      ? JSON.stringify({ ...build, wish })
      : `${name} is asked to end (${wish.why}); it does so within seconds, unless its deploy begins first.`,
  )
  return 0
}
