import { escapeControls } from '../../model/escape-controls.ts'
import { UserError } from '../../model/user-error.ts'
import type { JobView } from '../../records/view.ts'

const MOST_NAMED = 20

/**
 * The jobs of a build with a title (`unit (4/8)`), or else with a name (`unit`), including all cells and shards.
 * @throws UserError if there is none
 */
export function findJobs(jobs: readonly JobView[], wanted: string): readonly JobView[] {
  const titled = jobs.filter(({ title }) => title === wanted)
  const found = titled.length > 0 ? titled : jobs.filter(({ name }) => name === wanted)
  if (found.length > 0) return found
  const left = jobs.length - MOST_NAMED
  const titles = jobs.slice(0, MOST_NAMED).map(({ title }) => title)
  throw new UserError(
    escapeControls(
      `There is no job "${wanted}" in this build. Name one of these: ${titles.join(', ')}${left > 0 ? ` and ${left} more` : ''}.`,
    ),
  )
}
