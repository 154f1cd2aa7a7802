import type { Build } from '../model/build.ts'
import type { BuildEnd, Deploy } from '../records/report-record.ts'

/**
 * The end of a build whose jobs are all done, once its deploy has ended. A failed deploy fails it, and one that was wrong before anything
 * ran is an error. A withheld deploy does not count, unless the build was started only to deploy.
 * @param isErrored whether the job that deploys, or the one that verifies that, ended in an error
 * @param passed why the jobs passed, if there is a special reason
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
