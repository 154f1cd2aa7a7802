import { hasEnded } from '../model/conclusion.ts'
import { ONLY_JOB } from '../model/job.ts'
import { failedTests, type TestCounts } from '../model/tests.ts'
import type { FailureView } from './failure-view.ts'
import { LEAD } from './keys.ts'
import { jobPath } from './links.ts'
import type { JobView, View } from './view.ts'

/** The job of a build that has only one. */
export function onlyJobOf(view: View): JobView {
  const { number, status, reason, exit, startedAt, endedAt, cost, tests, isNamed } = view
  return {
    ...{
      key: LEAD.key,
      ref: { build: number, ...LEAD },
      passedIn: null,
      earlierAttempts: [],
      isFlaky: false,
      name: ONLY_JOB,
      shard: null,
      whole: ONLY_JOB,
      title: ONLY_JOB,
    },
    status: hasEnded(status) || status === 'queued' || status === 'waiting' ? status : 'running',
    ...{
      isAllowedFailure: false,
      isDeploy: false,
      needs: [],
      reason,
      exit,
      startedAt,
      endedAt,
      cost,
      tests,
      isNamed,
    },
  }
}

/** The jobs of a build, also if it has only one. */
export const allJobsOf = (view: View): readonly JobView[] =>
  view.jobs.length > 0 ? view.jobs : [onlyJobOf(view)]

/** A build as JSON, for programs. */
export function jsonOf(view: View) {
  const { tests: _, isNamed: __, failure, ...build } = view
  return {
    ...build,
    failure: failure && jsonOfFailure(failure),
    jobs: allJobsOf(view).map(({ ref, whole: _, earlierAttempts: __, isNamed: ___, key, tests, ...job }) => ({
      key,
      ...job,
      tests: tests && jsonOfTests(tests),
      attempt: ref?.attempt ?? null,
      executor: ref && ('lambda' as const),
      /** The path of its log, without the key of a private build. */
      log: ref && key !== null ? `${jobPath(view, key)}/log` : null,
    })),
  }
}

const jsonOfTests = (tests: TestCounts) => ({
  passed: tests.passed,
  failed: failedTests(tests),
  skipped: tests.skipped,
  flaky: tests.flaky,
})

const jsonOfFailure = ({ job, test, excerpt, advice, file, line, logLine, flakiness }: FailureView) => ({
  ...{ job, test, excerpt, advice: advice ?? null, file, line, logLine, flakiness },
})
