import { expect, test } from 'vitest'
import { nextLook } from '../../../src/reporting/look-again.ts'
import { after } from '../../support/records.ts'

const LATEST_END = after(0).toISOString()
const MINUTE = 60

test.each<[string, number, boolean, number | 'retry' | null]>([
  ['before the switch, Lambda tries again', 30, false, 'retry'],
  ['right after the switch', 2 * MINUTE, true, 7 * MINUTE],
  ['an hour after the switch', 61 * MINUTE, true, 121 * MINUTE],
  ['most of a day after the switch', 23 * 60 * MINUTE, true, 24 * 60 * MINUTE],
  ['after a day', 25 * 60 * MINUTE, true, null],
  ['after the switch, if nothing false is seen', 2 * MINUTE, false, null],
])('%s', (_, seconds, isStanding, expected) => {
  const next = nextLook(LATEST_END, isStanding, after(seconds))
  expect(next).toEqual(typeof expected === 'number' ? after(expected) : expected)
})
