import type { Publish } from '../aws/topics.ts'
import type { GitHub } from '../github/client.ts'
import type { Announcement } from '../model/announcement.ts'
import type { LeaseHolder } from '../records/lease.ts'
import type { CheckContext } from './check-run/show-check.ts'
import { commitStatusNotifier } from './commit-status/notifier.ts'
import { deploymentNotifier } from './deployment/notifier.ts'
import type { DeliveredBase, Notifier } from './notifier.ts'
import type { Slack } from './slack/client.ts'
import { slackNotifier } from './slack/notifier.ts'
import { snsNotifier } from './sns/notifier.ts'

export type NotifierServices = {
  github: GitHub
  checks: CheckContext
  /** For the records of commits. */
  leaseHolder: LeaseHolder
  publish: Publish
  /** Null if the account has no Slack token. */
  openSlack: () => Promise<Slack | null>
}

/** All notifiers. */
export const openNotifiers = ({
  github,
  checks,
  leaseHolder,
  publish,
  openSlack,
}: NotifierServices): readonly Notifier[] => [
  eraseTypes(commitStatusNotifier({ github, checks, leaseHolder })),
  eraseTypes(deploymentNotifier(github)),
  eraseTypes(slackNotifier(openSlack)),
  eraseTypes(snsNotifier(publish)),
]

/** A notifier whose own schemas validate its input. */
function eraseTypes<S, D extends DeliveredBase>({
  name,
  settings,
  delivered,
  announce,
  notify,
}: Notifier<S, D>): Notifier {
  return {
    name,
    settings,
    delivered,
    ...(announce && {
      announce: (announcement: Announcement, chosen: unknown) =>
        announce(announcement, settings.parse(chosen as never)),
    }),
    notify: (news, chosen, before) =>
      notify(news, settings.parse(chosen as never), before === null ? null : delivered.parse(before)),
  }
}
