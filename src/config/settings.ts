import * as z from 'zod'
import { UserError } from '../model/user-error.ts'
import { ACCOUNT_DEFAULTS } from './defaults.ts'
import { isObject, type JsonObject, parseJson, pick } from './json.ts'
import { parseLayer, type Source } from './layer.ts'
import { matchingRules } from './pattern.ts'
import { accountSchema } from './schema.ts'

/**
 * The account's settings for one repository, as a job carries them. The two files stay apart: merged, they would
 * no longer say whether an object was put in the place of a boolean.
 */
export type Settings = { global?: JsonObject; repository?: JsonObject }

/** What the account alone decides: whom to build for, what may deploy, which topics files may choose. */
export type AccountRules = {
  allow: readonly string[]
  deployBranches: readonly string[]
  topics: readonly string[]
  /** What deploys assume; null: the stack's. */
  deployRole: string | null
  /** Stages that belong to certain branches, and what their deploys assume. */
  pinnedStages: Readonly<Record<string, { branches: readonly string[]; role?: string }>>
}

const GLOBAL = 'config/global.json'

/** Reads the account's settings, null for a file that is not there. Throws a `Problem` for a wrong one. */
export function readSettings(
  project: string,
  texts: { global: string | null; repository: string | null },
): Settings {
  const settings = {
    ...(texts.global !== null && { global: parseJson(GLOBAL, texts.global) }),
    ...(texts.repository !== null && { repository: parseJson(`config/${project}.json`, texts.repository) }),
  }
  parseSettings(project, settings)
  return settings as Settings
}

/** The layers that a job's settings are, lowest first. Throws a `Problem` for what is no settings. */
export function parseSettings(project: string, settings: unknown): Source[] {
  const parts = z
    .strictObject({ global: z.unknown().optional(), repository: z.unknown().optional() })
    .safeParse(settings)
  if (!isObject(settings) || !parts.success) {
    throw new UserError(
      `The account's settings for ${project} must be an object of "global" and "repository".`,
    )
  }
  const { global, repository } = parts.data
  return [
    ...(global === undefined ? [] : [parseLayer(accountSchema, { name: GLOBAL, path: [] }, global)]),
    ...(repository === undefined
      ? []
      : [parseLayer(accountSchema, { name: `config/${project}.json`, path: [] }, repository)]),
  ]
}

/** What the account alone decides, from the layers of its settings: a later list replaces an earlier. */
export function accountRules(layers: readonly Source[]): AccountRules {
  return Object.assign(
    {},
    ACCOUNT_DEFAULTS,
    ...layers.map(({ says }) => pick(says, Object.keys(ACCOUNT_DEFAULTS))),
  )
}

/** What a layer says of a build's configuration. */
export function withoutAccountRules({ name, says }: Source): Pick<Source, 'name' | 'says'> {
  const keys = Object.keys(says).filter(key => !Object.hasOwn(ACCOUNT_DEFAULTS, key))
  return { name, says: pick(says, keys) }
}

/** Whether the account builds for a repository. GitHub's names are the same in capitals and small letters. */
export function isAllowed({ allow }: AccountRules, project: string): boolean {
  const [, owner = '', repository = ''] = project.toLowerCase().split('/')
  return allow.some(entry => ['*', owner, `${owner}/${repository}`].includes(entry.toLowerCase()))
}

/** Why a branch may not take a stage, or null: no file can take one that the account gives to another branch. */
export function pinnedAway({ pinnedStages }: AccountRules, stage: string, branch: string): string | null {
  const pinned = Object.hasOwn(pinnedStages, stage) ? pinnedStages[stage] : undefined
  if (!pinned || matchingRules(pinned.branches, branch).length > 0) return null
  return `the account's settings give it to ${pinned.branches.join(', ')}`
}

/** The roles that deploys of a branch may assume: those of its pinned stages, and the account's own. */
export const rolesOf = ({ pinnedStages, deployRole }: AccountRules, branch: string): string[] => [
  ...new Set([
    ...(deployRole === null ? [] : [deployRole]),
    ...Object.values(pinnedStages).flatMap(({ branches, role }) =>
      role !== undefined && matchingRules(branches, branch).length > 0 ? [role] : [],
    ),
  ]),
]

/** The role of one stage, null where the account names none. */
export const roleOfStage = ({ pinnedStages, deployRole }: AccountRules, stage: string): string | null =>
  (Object.hasOwn(pinnedStages, stage) ? pinnedStages[stage]?.role : undefined) ?? deployRole

/** Whether pushes to a branch may deploy. */
export const mayDeploy = ({ deployBranches }: AccountRules, branch: string) =>
  matchingRules(deployBranches, branch).length > 0
