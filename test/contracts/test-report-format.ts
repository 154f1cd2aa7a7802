import { describe, expect, it } from 'vitest'
import {
  ReportError,
  type ReportedTest,
  type TestReportFormat,
} from '../../src/results/test-report-format.ts'

/** Reports in a format, for its contract. */
export type FormatSamples = {
  /** What real tools have written: the text, and its tests as `result suite › name`, `flaky` for one that passed late. */
  reports: readonly { name: string; text: string; tests: readonly string[] }[]
  /** Not complete, or not in the format. */
  broken: readonly string[]
  /** A report of this many tests that passed. */
  withTests: (count: number) => string
}

/** The tests of a report whose text arrives in pieces of this length. */
export function testsIn(format: TestReportFormat, text: string, piece = text.length): ReportedTest[] {
  const tests: ReportedTest[] = []
  const parser = format.open(test => tests.push(test))
  for (let at = 0; at < text.length; at += piece) parser.write(text.slice(at, at + piece))
  parser.end()
  return tests
}

export const described = ({ result, isFlaky, suite, name }: ReportedTest) =>
  `${isFlaky ? 'flaky' : result} ${[suite, name].filter(Boolean).join(' › ')}`

function isRefused(read: () => unknown): boolean {
  try {
    read()
    return false
  } catch (error) {
    if (error instanceof ReportError) return true
    throw error
  }
}

/** What every `TestReportFormat` must do. */
export function formatContract(format: TestReportFormat, samples: FormatSamples): void {
  describe(`${format.name} is a format of test reports`, () => {
    it.each(samples.reports)(
      'reads $name, whatever the pieces are in which it arrives',
      ({ text, tests }) => {
        expect(format.recognises(text.slice(0, 64 * 1024))).toBe(true)
        const whole = testsIn(format, text)
        expect(whole.map(described)).toEqual(tests)
        for (const piece of [1, 7, 1000]) expect(testsIn(format, text, piece)).toEqual(whole)
      },
    )

    it('tells each test from the others', () => {
      for (const { text } of samples.reports) {
        const ids = testsIn(format, text).map(({ id, result }) => (result === 'passed' ? id : null))
        const passed = ids.filter(id => id !== null)
        expect(new Set(passed).size).toBe(passed.length)
      }
    })

    it.each(samples.broken.map(text => [text]))('refuses %.60j', text => {
      expect(() => testsIn(format, text)).toThrow(ReportError)
    })

    it('takes no report that was cut off for a whole one', () => {
      for (const { text } of samples.reports) {
        const whole = testsIn(format, text).map(described)
        for (const part of [0.25, 0.5, 0.75]) {
          const cut = text.slice(0, Math.floor(text.length * part))
          const read = () => testsIn(format, cut).map(described)
          // A report without tests is an error later.
          expect(isRefused(read) || read().length === 0 || read().includes('errored The test run')).toBe(true)
          expect(whole).not.toContain('errored The test run')
        }
      }
    })

    it('passes on each of many tests, and stops at what its receiver throws', () => {
      expect(testsIn(format, samples.withTests(5000), 64 * 1024)).toHaveLength(5000)
      let count = 0
      const parser = format.open(() => {
        count += 1
        if (count === 10) throw new ReportError('has too many')
      })
      expect(() => parser.write(samples.withTests(5000))).toThrow('has too many')
      expect(count).toBe(10)
    })

    it('takes no name for anything else', () => {
      for (const { text } of samples.reports)
        for (const test of testsIn(format, text)) {
          expect(Object.getPrototypeOf(test)).toBe(Object.prototype)
          expect(test.id).not.toBe('')
        }
    })
  })
}
