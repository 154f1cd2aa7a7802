import type { Build } from '../model/build.ts'
import type { BuildEnd, Deploy } from '../records/report-record.ts'

/**
 * How a build ends whose jobs are all done, once its deploy has ended. One that failed fails it, and one that was wrong before
 * anything ran is an error. A deploy that is withheld is not part of what the build set out to do, unless it was started only to deploy.
 * @param isErrored whether the job that deploys, or the one that verifies that, ended in an error
 * @param passed why the jobs passed, if there is something to say
 */
export function endAfterDeploy(
  { target }: Pick<Build, 'target'>,
  deploy: Deploy,
  isErrored: boolean,
  passed: string | null,
): Pick<BuildEnd, 'conclusion' | 'reason'> {
  const { stage, status, reason } = deploy
  if (target && status === 'cancelled') return { conclusion: 'cancelled', reason }
  if (status !== 'failed') return { conclusion: 'passed', reason: target ? null : passed }
  const failure = `Tests passed, deploy to ${stage} failed${reason === null ? '' : `: ${reason}`}`
  return { conclusion: isErrored ? 'errored' : 'failed', reason: target ? reason : failure }
}
