import { applyLayers, applyRule, defaults } from '../config/cascade.ts'
import { toConfig } from '../config/config.ts'
import { decodeText } from '../config/decode-text.ts'
import { accessOfJob, type JobAccess } from '../config/job-access.ts'
import { type Notifications, notificationsSchema } from '../config/notifications.ts'
import {
  accountRules,
  deployRolesOf,
  explainPinConflict,
  isAllowed,
  isManualStage,
  mayDeploy,
  parseSettings,
  pinnedBranches,
  readSettings,
  roleOfStage,
  type Settings,
} from '../config/settings.ts'
import { topicOf } from '../config/topics.ts'
import type { ApprovalRule } from '../model/approval.ts'
import type { Build, BuildRequest } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import { settingsKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'

/** The account's settings for one repository. */
export type Account = {
  settings: Settings
  /** Whether the account builds this repository, as GitHub calls it now. */
  allows(repository: string): boolean
  /** Whether skip words in commit messages skip the build. */
  usesSkipWords: boolean
  /** Whether pushes to a branch may deploy. */
  mayDeploy(branch: string): boolean
  /** The roles that deploys of a branch may assume. */
  deployRoles(branch: string): string[]
  /** The role that a deploy to a stage assumes. Null if the account names none. */
  deployRole(stage: string): string | null
  /** The branches for which the account reserves a stage; null if it reserves none. */
  pinnedBranches(stage: string): readonly string[] | null
  /** Whether only people deploy to a stage, whatever files say. */
  isManual(stage: string): boolean
  /** Why a branch may not deploy to a stage, as the rest of a sentence; null if it may. Leads are not trusted with this. */
  explainWrongStage(branch: string, stage: string): string | null
  /** The role and the token that a build's jobs with this name get. */
  accessOf(build: Build, job: string): JobAccess
  /** The most jobs of a build. */
  maxJobs: number
  /** The most jobs of the repository that run at once. Null: the limit of the stack. */
  maxRunningJobs: number | null
  /** The builds that wait for a person's approval: those of forks, by their number per day (UTC), and by the cost of the month. */
  approval: ApprovalRule
  maxForkBuildsPerDay: number
  maxBuildsPerDay: number
  /** In US dollars; null for none. */
  monthlyBudget: number | null
  /** Whether a build may get secret variables. The repository's files can only withhold them. */
  inheritsSecrets(build: BuildRequest): boolean
  /**
   * The notification settings of a build: those of its files (`fromFiles`, unvalidated), as far as the account allows
   * them, or else the account's own.
   */
  notifications(build: Build, fromFiles: unknown): Notifications
}

/** @throws UserError if the settings are not valid */
export function parseAccount(project: string, settings: Settings): Account {
  const layers = parseSettings(project, settings)
  const rules = accountRules(layers)
  const account = applyLayers(defaults(), ...layers)
  return {
    settings,
    allows: repository => isAllowed(rules, project, repository),
    usesSkipWords: account.merged.skip !== false,
    mayDeploy: branch => mayDeploy(rules, branch),
    maxJobs: rules.maxJobs,
    maxRunningJobs: rules.maxRunningJobs,
    approval: rules.approval,
    maxForkBuildsPerDay: rules.maxForkBuildsPerDay,
    maxBuildsPerDay: rules.maxBuildsPerDay,
    monthlyBudget: rules.monthlyBudget,
    deployRoles: branch => deployRolesOf(rules, branch),
    deployRole: stage => roleOfStage(rules, stage),
    pinnedBranches: stage => pinnedBranches(rules, stage),
    isManual: stage => isManualStage(rules, stage),
    explainWrongStage: (branch, stage) => explainPinConflict(rules, stage, branch),
    accessOf: (build, job) => accessOfJob(rules, build, job),
    inheritsSecrets: build => applyRule(account, build).merged.inheritSecrets === true,
    notifications: (build, fromFiles) => {
      const own = toConfig(applyRule(account, build).merged).notifications
      const { data: files } = notificationsSchema.safeParse(fromFiles)
      // A fork can neither choose a topic nor switch notifications off. `files` is undefined if the build died early.
      if (build.trust === 'fork' || !files) return own
      const { topicArn } = files.sns
      const listed = [topicOf(account), own.sns.topicArn, ...rules.topics]
      return topicArn === null || listed.includes(topicArn) ? files : { ...files, sns: own.sns }
    },
  }
}

/** The size of both files, in bytes. The job message of every commit then fits into SNS's limit (publish-job.ts; a test computes it). */
export const SETTINGS_LIMIT = 20 * 1024

/** @throws UserError if the settings are too large for the message that starts a job */
export function requireSettingsSize(project: string, settings: Settings): void {
  const bytes = Buffer.byteLength(JSON.stringify(settings))
  if (bytes <= SETTINGS_LIMIT) return
  const files = settingsKeys(project).filter((_, index) => [settings.global, settings.repository][index])
  throw new UserError(
    `The settings in ${files.join(' and ')} are too large: ${bytes} bytes, and ${SETTINGS_LIMIT} fit into the message that starts a job. Move long commands into scripts of the repository, and long values into secrets.`,
  )
}

/** Reads the account's settings for a repository. @throws UserError if a settings file is not valid or too large */
export async function readAccount(store: Store, project: string): Promise<Account> {
  const [global, repository] = await Promise.all(
    settingsKeys(project).map(async key => {
      const stored = await store.get(key)
      return stored && decodeText(key, stored.body)
    }),
  )
  const settings = readSettings(project, { global: global ?? null, repository: repository ?? null })
  requireSettingsSize(project, settings)
  return parseAccount(project, settings)
}
