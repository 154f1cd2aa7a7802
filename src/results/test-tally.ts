import { MOST_FAILURES, MOST_TESTS, type TestCounts } from '../model/tests.ts'
import { ReportError, type ReportedTest } from './test-report-format.ts'

/** The tests of one run of a command, over all of its reports. */
export class TestTally {
  readonly #counts: TestCounts = { passed: 0, failed: 0, errored: 0, skipped: 0, flaky: 0 }
  /** The tests that failed, without those that passed later. Messages are kept as long as in their report. */
  readonly #failures = new Map<string, ReportedTest[]>()
  readonly #flaky: ReportedTest[] = []
  #number = 0

  /**
   * Counts a test. A test that failed before and passes now is flaky, and its failures no longer count.
   * @throws ReportError if there are too many
   */
  add(test: ReportedTest): void {
    this.#number += 1
    if (this.#number > MOST_TESTS)
      throw new ReportError(
        `brings the tests of this job to more than ${MOST_TESTS.toLocaleString('en')}. Divide the job into "shards"`,
      )
    const { id, result } = test
    this.#counts[result] += 1
    if (result === 'failed' || result === 'errored') {
      const same = this.#failures.get(id)
      if (same) same.push(test)
      else this.#failures.set(id, [test])
    }
    if (result !== 'passed') return
    const earlier = this.#failures.get(id) ?? []
    this.#failures.delete(id)
    for (const failure of earlier) this.#counts[failure.result] -= 1
    if (earlier.length === 0 && !test.isFlaky) return
    this.#counts.flaky += 1
    if (this.#flaky.length < MOST_FAILURES) this.#flaky.push(test)
  }

  get counts(): TestCounts {
    return { ...this.#counts }
  }

  /** The first tests that failed and later passed. */
  get flaky(): readonly ReportedTest[] {
    return this.#flaky
  }

  /** The tests that failed, in the order of the reports. */
  get failures(): ReportedTest[] {
    return [...this.#failures.values()].flat()
  }
}
