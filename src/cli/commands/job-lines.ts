import { escapeControls } from '../../model/escape-controls.ts'
import { describeJobDuration, describeJobState, isRedJob } from '../../records/job-wording.ts'
import type { JobView } from '../../records/view.ts'
import type { Style } from '../io.ts'

const MAX_WIDTH = 40

/** A line for each job: its state, how long it ran, and why. Anyone can choose the text of a title. */
export function describeJobs(jobs: readonly JobView[], style: Style): string {
  const titles = jobs.map(({ title }) => escapeControls(title))
  const width = Math.min(MAX_WIDTH, Math.max(0, ...titles.map(({ length }) => length)))
  return jobs
    .map((job, index) => {
      const cells = [
        `  ${(titles[index] ?? '').padEnd(width)}`,
        style(colorOf(job), describeJobState(job).padEnd('failed, allowed'.length)),
        (describeJobDuration(job) ?? '').padEnd(10),
        escapeControls(job.reason ?? ''),
      ]
      return cells.join('  ').trimEnd()
    })
    .join('\n')
}

const colorOf = (job: JobView) => (isRedJob(job) ? 'red' : job.status === 'passed' ? 'green' : 'yellow')
