import type { Account } from '../account/settings.ts'
import type { Announcement } from '../model/announcement.ts'
import type { Build } from '../model/build.ts'
import { spendKeys } from '../records/keys.ts'
import type { Report } from '../records/report-record.ts'
import { type Spend, spendSchema } from '../records/spend.ts'
import type { Store } from '../records/store.ts'
import { updateRecord } from '../records/update-record.ts'
import { countSpend } from './count-spend.ts'

type Ended = { build: Build; account: Account; report: Report }

type Context = {
  store: Store
  /** Announces something through all notifiers except these. Returns the names of all that are done, and whether to try again. */
  announce: (
    announcement: Announcement,
    done: readonly string[],
  ) => Promise<{ done: string[]; again: boolean }>
}

/** The used part of a budget at which people are notified. */
const WARNING_SHARE = 0.8

/**
 * Counts a build that has ended (`countSpend`), and notifies people once a month if its repository's builds reach 80 % of their budget with
 * it.
 * @throws Error if somebody could not be notified yet; the build is counted once, however often this is repeated
 */
export async function countAndWarn(ended: Ended, context: Context): Promise<boolean> {
  const { build, account, report } = ended
  const isCounted = await countSpend(ended, context.store)
  const budget = account.monthlyBudget
  if (!isCounted || report.isCounted || budget === null) return isCounted
  const key = spendKeys.month(build.project, build.queuedAt.slice(0, 'yyyy-mm'.length))
  // If several builds end at the same time, one has the warning.
  const claimed = await updateRecord(context.store, key, spendSchema, month =>
    month && !month.warning && month.cost >= WARNING_SHARE * budget
      ? { ...month, warning: { build: build.number, done: [] } }
      : month,
  )
  const month = claimed.value
  if (!month?.warning || month.warning.build !== build.number) return true
  const result = await context.announce(warningOf(build, month, budget), month.warning.done)
  await updateRecord(context.store, key, spendSchema, standing =>
    standing?.warning ? { ...standing, warning: { ...standing.warning, done: result.done } } : standing,
  )
  if (result.again) throw new Error(`The warning about the budget of ${build.project} could not be sent yet`)
  return true
}

function warningOf({ project, repository, queuedAt }: Build, { cost }: Spend, budget: number): Announcement {
  const month = queuedAt.slice(0, 'yyyy-mm'.length)
  return {
    ...{ project, repository, topic: 'budget' },
    subject: `budget: ${repository} has used up ${Math.floor((100 * cost) / budget)} % of ${month}`,
    text: `The builds of ${repository} have cost $${cost.toFixed(2)} in ${month}, of a budget of $${budget}. Once it is used up, builds wait for approval. To change it: lambci config set ${repository} monthlyBudget ${2 * budget}`,
  }
}
