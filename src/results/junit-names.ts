import type { ReportedResult, ReportedTest } from './test-report-format.ts'

type Written = {
  /** The names of the suites around a test, the outermost first. */
  chain: readonly string[]
  className: string
  /** The test's own name. */
  written: string
  file: string | null
}

/** The suite and the name of a test as people know them. Tools put the suite into `classname`, into the name, or around the test. */
export function nameOf({ chain, className, written, file }: Written): Pick<ReportedTest, 'suite' | 'name'> {
  // Vitest: `cart > multiplies` in `test/cart.test.ts`, which is its class.
  const parts = written.split(' > ')
  if (parts.length > 1 && (chain.includes(className) || isPath(className)))
    return { suite: parts.slice(0, -1).join(' › '), name: parts.at(-1) ?? '' }
  // Mocha and jest-junit have the whole name, or its end, in both.
  if (written === className || written.endsWith(` ${className}`)) return { suite: '', name: written }
  // Node has the innermost suite, or `test`, as the class, and all suites around the test.
  if (className === 'test' || className === '' || className === chain.at(-1))
    return { suite: chain.join(' › '), name: written }
  if (className === file || isPath(className)) return { suite: '', name: written }
  return { suite: className, name: written }
}

/**
 * The attributes that may name the file of a test. Most tools have an attribute for it. In Vitest, the class and the suite are its path;
 * in pytest, the class stands for it.
 */
export const placesOf = ({ chain, className, file }: Omit<Written, 'written'>): string[] => [
  ...new Set([file ?? '', className, ...chain.toReversed()].filter(name => name !== '')),
]

/** Parses seconds. Surefire separates thousands. */
export function secondsOf(time: string | undefined): number {
  const seconds = Number((time ?? '').replaceAll(',', ''))
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0
}

/** Java's classes have dots, but no slashes. */
const isPath = (name: string) => name.includes('/') && /\.[a-z]{1,4}$/.test(name)

/** The result of a test whose tool writes it in attributes instead of in an element. The worst one counts. */
export function resultOfStatus(statuses: readonly string[]): ReportedResult {
  const has = (pattern: RegExp) => statuses.some(status => pattern.test(status))
  if (has(/^(fail|failed|failure)$/i)) return 'failed'
  if (has(/^(error|errored|broken)$/i)) return 'errored'
  return has(/^(skipped|disabled|notrun|pending|ignored|suppressed)$/i) ? 'skipped' : 'passed'
}

/** The most lines of a text that may come before its message. */
const MOST_BEFORE = 3

/** Joins the `message` and the text of a failure. Most tools repeat the message at the beginning of the text. */
export function joinMessage(message: string, text: string): string {
  const [whole, short] = [text.trim(), message.trim()]
  const [first = ''] = short.split('\n')
  const isRepeated = whole.split('\n', MOST_BEFORE).some(line => line.includes(first))
  const isEmptyPhrase = /^(test )?failed$/i.test(short)
  return whole !== '' && (isEmptyPhrase || isRepeated) ? whole : [short, whole].filter(Boolean).join('\n')
}
