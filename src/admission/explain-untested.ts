import { hasEnded } from '../model/conclusion.ts'
import { type Records, viewOf } from '../records/view.ts'

/**
 * Why the commit of a build may not be deployed by hand: not all of its tests have passed. Null if they have, as concluded by report; a
 * job's own claims do not count. Whether the build's own deploy failed or was withheld makes no difference.
 */
export function explainUntested(records: Records): string | null {
  const { build, report } = records
  const end = report?.end ?? null
  // Report looks at the deploy once all tests have passed.
  if (end?.conclusion === 'passed' || (end ?? report)?.deploy) return null
  const name = `Build #${build.number} of ${build.repository}`
  if (!end) {
    const { status } = viewOf(records)
    return `${name} has not ended yet${hasEnded(status) ? '' : `: it is ${status}`}. Deploy it once its tests have passed.`
  }
  return `${name} ended as "${end.conclusion}", and only what has passed its tests is deployed. Choose another one: lambci builds ${build.repository}`
}
