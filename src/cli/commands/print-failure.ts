import { describeFailure, headingOf } from '../../records/failure-wording.ts'
import type { JobView, View } from '../../records/view.ts'
import { type Io, printNote } from '../io.ts'

/**
 * Writes to standard error what made a build red, if it has a name. Otherwise, nothing more than the end of the log is known. `jobs`: the
 * jobs whose logs were printed; by default all.
 */
export function printFailure(view: View, io: Io, jobs: readonly JobView[] = view.jobs): void {
  const { failure } = view
  if (!failure || failure.source === 'end') return
  if (failure.key !== null && !jobs.some(({ key }) => key === failure.key)) return
  const place = failure.logLine === null ? '' : `, line ${failure.logLine} of its log`
  const failed = describeFailure(failure)
  const lines = failure.excerpt.map(line => `    ${line.replaceAll('\t', '    ')}`)
  printNote(io, ['', `${headingOf(failure)}${failed === null ? '' : `: ${failed}`}${place}`, ...lines])
}
