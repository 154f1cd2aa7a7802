import { isNamed } from '../model/failure.ts'
import { describeFlakiness } from '../model/test-history.ts'
import type { FailureView } from './failure-view.ts'

/** `test/cart.test.ts:7`; null if the place is not known. */
export const placeOf = ({ file, line }: Pick<FailureView, 'file' | 'line'>): string | null =>
  file === null || line === null ? file : `${file}:${line}`

/**
 * `unit: cart › multiplies by quantity (test/cart.test.ts:7), flaky: failed 3 of the last 10 builds of master`, `src/cart.ts:7`; null if
 * there is only the excerpt.
 */
export function describeFailure(failure: FailureView): string | null {
  const { job, test, flakiness } = failure
  const place = placeOf(failure)
  const failed = test === null ? place : `${test}${place === null ? '' : ` (${place})`}`
  const often = flakiness === null ? '' : `, ${describeFlakiness(flakiness)}`
  return `${[job, failed].filter(each => each !== null).join(': ')}${often}` || null
}

/** The source of the excerpt, as a heading. */
export const headingOf = (failure: FailureView): string =>
  failure.test !== null
    ? 'The first test that failed'
    : isNamed(failure)
      ? 'The first error'
      : `The last ${failure.excerpt.length === 1 ? 'line' : `${failure.excerpt.length} lines`} of the output`
