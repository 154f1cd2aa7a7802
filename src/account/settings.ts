import { applyLayers, applyRule, defaults } from '../config/cascade.ts'
import { toConfig } from '../config/config.ts'
import { decodeText } from '../config/decode-text.ts'
import { type Notifications, notificationsSchema } from '../config/notifications.ts'
import {
  accountRules,
  deployRolesOf,
  explainPinConflict,
  isAllowed,
  mayDeploy,
  parseSettings,
  readSettings,
  type Settings,
} from '../config/settings.ts'
import { topicOf } from '../config/topics.ts'
import type { Build, BuildRequest } from '../model/build.ts'
import { settingsKeys } from '../records/keys.ts'
import type { Store } from '../records/store.ts'

/** The account's settings for one repository. */
export type Account = {
  settings: Settings
  /** Whether the account builds this repository. */
  isAllowed: boolean
  /** Whether skip words in commit messages skip the build. */
  usesSkipWords: boolean
  /** Whether pushes to a branch may deploy. */
  mayDeploy(branch: string): boolean
  /** Whether a branch may deploy to a stage. Checked here because a build's own record of its deploy is untrusted. */
  mayHaveStage(branch: string, stage: string): boolean
  /** The roles that deploys of a branch may assume. */
  deployRoles(branch: string): string[]
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
    isAllowed: isAllowed(rules, project),
    usesSkipWords: account.merged.skip !== false,
    mayDeploy: branch => mayDeploy(rules, branch),
    mayHaveStage: (branch, stage) => explainPinConflict(rules, stage, branch) === null,
    deployRoles: branch => deployRolesOf(rules, branch),
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

/** Reads the account's settings for a repository. @throws UserError if a settings file is not valid */
export async function readAccount(store: Store, project: string): Promise<Account> {
  const [global, repository] = await Promise.all(
    settingsKeys(project).map(async key => {
      const stored = await store.get(key)
      return stored && decodeText(key, stored.body)
    }),
  )
  return parseAccount(
    project,
    readSettings(project, { global: global ?? null, repository: repository ?? null }),
  )
}
