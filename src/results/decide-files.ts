import { describeMissing } from '../model/split.ts'
import type { FileShare } from '../planning/planned-job.ts'

/** The files that reports name, by their position among all that divide the job, and the reports themselves. */
export type FilesRead = {
  files: FileShare
  found: ReadonlyMap<number, unknown>
  reports: readonly { path: string; format: 'junit' | 'tap' }[]
}

/** Why a shard is not green although all of its tests are, in a sentence; null if its reports name each of its files. */
export function explainMissingFiles({ files: { all, own }, found, reports }: FilesRead): string | null {
  const ran = new Set([...found.keys()].map(at => all[at]))
  const missing = own.filter(path => !ran.has(path))
  if (missing.length === 0) return null
  const [report] = reports
  if (ran.size === 0 && report)
    return `The test report ${report.path} names none of the files in "shards": ${ADVICE[report.format]}`
  return `${describeMissing(missing)}. No test report names ${missing.length === 1 ? 'it' : 'them'}: let the command run each path in LAMBCI_FILES, and leave files without tests out of "files".`
}

/** How to make tools that write no file names by default write them, as the end of a sentence. */
const ADVICE = {
  junit:
    'set JEST_JUNIT_ADD_FILE_ATTRIBUTE=true (jest-junit) or -o junit_family=xunit1 (pytest), or write a number of "shards".',
  tap: 'TAP has no file names. Let the tool write JUnit XML, or write a number of "shards".',
}
