import { describeFailure, headingOf } from '../../records/failure-wording.ts'
import type { JobView, View } from '../../records/view.ts'
import { type Io, printNote } from '../io.ts'

/**
 * Writes to standard error what made a build red, if that is named: else the end of its log is all that is known. `jobs`: those whose
 * logs were printed; by default all.
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
