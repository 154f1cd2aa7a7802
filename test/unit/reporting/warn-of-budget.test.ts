import { beforeEach, expect, test, vi } from 'vitest'
import { parseAccount } from '../../../src/account/settings.ts'
import { DEFAULTS } from '../../../src/config/defaults.ts'
import type { Announcement } from '../../../src/model/announcement.ts'
import { announceAll } from '../../../src/notifiers/announce-all.ts'
import type { Notifier } from '../../../src/notifiers/notifier.ts'
import { snsNotifier } from '../../../src/notifiers/sns/notifier.ts'
import { spendKeys } from '../../../src/records/keys.ts'
import { readRecord } from '../../../src/records/read-record.ts'
import { spendSchema } from '../../../src/records/spend.ts'
import { countAndWarn } from '../../../src/reporting/warn-of-budget.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { AT, makeBuild, reportOf } from '../../support/records.ts'

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}))

const END = { conclusion: 'passed', reason: null, deploy: null, endedAt: AT } as const
const SETTINGS = {
  ...DEFAULTS.notifications,
  slack: null,
  sns: { topicArn: 'arn:aws:sns:us-east-1:123456789012:builds' },
} as const

/** A repository with a budget of $10, and two services of which each can refuse. */
function open() {
  const store = openMemoryStore()
  const sent: string[] = []
  const refusing = new Set<string>()
  const sns = snsNotifier(async (_, { subject }) => {
    if (refusing.has('sns')) throw new Error('SNS is silent')
    sent.push(`sns ${subject}`)
    return 'id'
  })
  const other = {
    name: 'other',
    announce: async ({ text }: Announcement) => {
      if (!refusing.has('other')) sent.push(`other ${text}`)
      return refusing.has('other')
    },
  }
  const notifiers = [sns, other, { name: 'cannot' }] as unknown as Notifier[]
  const build = (number: number, queuedAt = AT) =>
    makeBuild({ number, queuedAt, settings: { global: { allow: ['ada'], monthlyBudget: 10 } } })
  const end = (number: number, cost: number, queuedAt = AT) =>
    countAndWarn(
      {
        build: build(number, queuedAt),
        account: parseAccount('gh/ada/web', build(number).settings),
        report: reportOf({ end: END, cost }),
      },
      { store, announce: (...given) => announceAll(notifiers, SETTINGS, ...given) },
    )
  const month = () => readRecord(store, spendKeys.month('gh/ada/web', '2026-11'), spendSchema)
  return { store, sent, refusing, end, month }
}
const LINE = 'sns budget: ada/web has used up 80 % of 2026-11'
const TEXT =
  'other The builds of ada/web have cost $8.00 in 2026-11, of a budget of $10. Once it is used up, builds wait for approval. To change it: lambci config set ada/web monthlyBudget 20'

test('people are notified once a month, by all who can, when 80 % of the budget are used up', async () => {
  const { sent, end } = open()
  await end(1, 7.99)
  expect(sent).toEqual([])
  await end(2, 0.01)
  expect(sent.toSorted()).toEqual([TEXT, LINE])
  await end(3, 5)
  // A report that is repeated announces nothing again.
  await end(2, 0.01)
  expect(sent).toHaveLength(2)
  await end(4, 9, '2026-12-01T00:00:00.000Z')
  expect(sent).toHaveLength(4)
})

test('what one service refuses is sent by the next look of the same build, and by no other one', async () => {
  const { sent, refusing, end, month } = open()
  refusing.add('sns')
  await expect(end(1, 8)).rejects.toThrow('could not be sent yet')
  expect(sent).toEqual([TEXT])
  await end(2, 0.5)
  expect(sent).toEqual([TEXT])
  refusing.clear()
  expect(await end(1, 8)).toBe(true)
  expect(sent).toEqual([TEXT, LINE.replace('80', '85')])
  expect(await month()).toMatchObject({ builds: 2, cost: 8.5, warning: { build: 1, done: ['other', 'sns'] } })
})

test('of builds that end at the same time, one has the warning', async () => {
  const { sent, end } = open()
  await Promise.all(Array.from({ length: 12 }, (_, index) => end(index + 1, 1)))
  expect(sent).toHaveLength(2)
})
