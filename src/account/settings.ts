import { settingsKeys } from '../build/layout.ts'
import type { Run } from '../build/run-record.ts'
import type { Store } from '../build/store.ts'
import { defaults, lay, layRule } from '../config/cascade.ts'
import { type Config, toConfig } from '../config/config.ts'
import {
  accountRules,
  isAllowed,
  mayDeploy,
  parseSettings,
  pinnedAway,
  readSettings,
  rolesOf,
  type Settings,
} from '../config/settings.ts'
import { topicOf } from '../config/topics.ts'
import type { Job } from '../job/job.ts'

type Notifications = NonNullable<Run['notifications']>
type NoticeRule = 'always' | 'change' | 'failure'

/** What the account says of one repository. */
export type Account = {
  settings: Settings
  allows: boolean
  mayDeploy: (branch: string) => boolean
  /** Whether skip words in commit messages are heeded. */
  heedsSkipWords: boolean
}

/** Reads the account's settings for a repository. Throws a `Problem` where a file of them is wrong. */
export async function readAccount(store: Store, project: string): Promise<Account> {
  const [global, repository] = await Promise.all(
    settingsKeys(project).map(async key => {
      const stored = await store.get(key)
      return stored && Buffer.from(stored.body).toString('utf8')
    }),
  )
  const settings = readSettings(project, { global: global ?? null, repository: repository ?? null })
  const layers = parseSettings(project, settings)
  const rules = accountRules(layers)
  return {
    settings,
    allows: isAllowed(rules, project),
    mayDeploy: branch => mayDeploy(rules, branch),
    heedsSkipWords: layers.findLast(({ says }) => 'skip' in says)?.says.skip !== false,
  }
}

/**
 * The topic for a build's notices, or null: the one that its configuration chose, as long as the account lists it. The
 * choice stands in the build's own record, which a stranger may have written.
 */
export function noticeTopic(job: Job, chosen: string | null | undefined): string | null {
  const layers = parseSettings(job.project, job.settings)
  const account = lay(defaults(), ...layers)
  const own = [topicOf(account), topicOf(layRule(account, job))]
  // A fork chooses neither a topic nor silence.
  if (job.trust === 'fork') return own[1] ?? null
  if (chosen === null) return null
  // Where the build died before its configuration was read, the account's own choice holds.
  const isListed = chosen !== undefined && [...own, ...accountRules(layers).topics].includes(chosen)
  return isListed ? chosen : (own[1] ?? null)
}

/** How a build's message in Slack appears, or null for none; as with the topic, a fork's record does not choose. */
export function slackLook(
  job: Job,
  chosen: Notifications | null | undefined,
): Config['notifications']['slack'] {
  if (chosen && job.trust !== 'fork') return chosen.slack
  const account = layRule(lay(defaults(), ...parseSettings(job.project, job.settings)), job)
  return toConfig(account.merged).notifications.slack
}

/** Which endings people hear of; as with the topic, a fork's record does not choose. */
export function noticeRule(job: Job, chosen: NoticeRule | undefined): NoticeRule {
  if (chosen !== undefined && job.trust !== 'fork') return chosen
  const account = layRule(lay(defaults(), ...parseSettings(job.project, job.settings)), job)
  return toConfig(account.merged).notifications.on
}

/** The roles that the account's settings give to a job's branch, for its deploys. */
export const deployRolesOf = (job: Job): string[] =>
  rolesOf(accountRules(parseSettings(job.project, job.settings)), job.branch)

/** Whether the account lets this job have secret variables; files can only take them away. */
export const inheritsSecrets = (job: Job): boolean =>
  layRule(lay(defaults(), ...parseSettings(job.project, job.settings)), job).merged.inheritSecrets === true

/** Whether the account lets a job's branch have a stage: what a build says of its deploy may be a stranger's word. */
export const mayHaveStage = (job: Job, stage: string): boolean =>
  pinnedAway(accountRules(parseSettings(job.project, job.settings)), stage, job.branch) === null
