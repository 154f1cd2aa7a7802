import { titleOfTest } from '../model/tests.ts'
import type { FailureView } from './failure-view.ts'

const MOST_LINES = 20

/** The first lines of a message. */
export const excerptOf = (message: string): string[] =>
  message === '' ? [] : message.split('\n').slice(0, MOST_LINES)

/** `unit: cart › multiplies by quantity (test/cart.test.ts:7)`. */
export function describeFailure({ job, file, line, ...test }: FailureView): string {
  const place = file === null ? '' : ` (${file}${line === null ? '' : `:${line}`})`
  return `${job === null ? '' : `${job}: `}${titleOfTest(test)}${place}`
}
