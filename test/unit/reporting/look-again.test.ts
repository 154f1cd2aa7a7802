import { expect, test } from 'vitest'
import { nextLook } from '../../../src/reporting/look-again.ts'
import { after } from '../../support/records.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
/** The switch fires a minute later. */
const LATEST_END = after(0).toISOString()

test.each<[string, { now: number; since?: number; isStanding?: boolean }, number | null]>([
  ['at the first fault', { now: -50 * MINUTE }, 5 * MINUTE],
  ['at the first fault, if nothing false is seen', { now: -50 * MINUTE, isStanding: false }, 5 * MINUTE],
  ['half an hour after it', { now: -20 * MINUTE, since: -50 * MINUTE }, 5 * MINUTE],
  ['an hour after it', { now: 10 * MINUTE, since: -50 * MINUTE }, 5 * MINUTE],
  ['80 minutes after it', { now: 30 * MINUTE, since: -50 * MINUTE }, 20 * MINUTE],
  ['three hours after it', { now: 2 * HOUR, since: -HOUR }, HOUR],
  ['at a first fault after the switch', { now: 3 * HOUR }, 5 * MINUTE],
  ['most of a day after the switch', { now: 23 * HOUR, since: 0 }, HOUR],
  ['after a day', { now: 25 * HOUR, since: 0 }, null],
  ['at a first fault days after the switch', { now: 72 * HOUR }, 5 * MINUTE],
  ['a day after a fault that came after the switch', { now: 97 * HOUR, since: 72 * HOUR }, null],
  ['after the switch, if nothing false is seen', { now: 2 * MINUTE, isStanding: false }, null],
])('report looks again %s', (_, { now, since, isStanding = true }, pause) => {
  const next = nextLook(LATEST_END, isStanding, after(now), ...(since === undefined ? [] : [after(since)]))
  expect(next).toEqual(pause === null ? null : after(now + pause))
})
