import type { ApprovalRule } from '../model/approval.ts'
import { UserError } from '../model/user-error.ts'
import { z } from '../model/zod.ts'
import { accountSchema } from './account-schema.ts'
import { matchingRules } from './branch-rules.ts'
import { ACCOUNT_DEFAULTS } from './defaults.ts'
import type { JobRoles, JobToken } from './job-access-schema.ts'
import { isObject, type JsonObject, parseLayerJson, pick } from './json.ts'
import { type Layer, parseLayer } from './layer.ts'

/**
 * The account's settings for one repository, as a build stores them. The two files stay separate: merged, they would
 * no longer show whether an object replaced a boolean.
 */
export type Settings = { global?: JsonObject; repository?: JsonObject }

/** Settings that only the account can make. */
export type AccountRules = {
  /** The repositories to build: `owner`, `owner/repo` or `*`. */
  allow: readonly string[]
  /** Branch rules. */
  deployBranches: readonly string[]
  /** The ARNs of the SNS topics that files may choose. */
  topics: readonly string[]
  /** The role that deploys assume. Null: the role of the stack. */
  deployRole: string | null
  /** Stages reserved for certain branches, and the roles that their deploys assume. */
  pinnedStages: Readonly<Record<string, { branches: readonly string[]; role?: string; manual?: boolean }>>
  /** The roles that jobs act as, by the name of the job. */
  jobRoles: Readonly<JobRoles>
  /** The jobs that get a GitHub token. Null: none. */
  jobToken: JobToken
  /** How many jobs a build may have. */
  maxJobs: number
  /** How many jobs of a repository may run at once. Null: as many as the stack allows. */
  maxRunningJobs: number | null
  /** The pull requests from forks that wait for approval. */
  approval: ApprovalRule
  /** How many builds, of forks and in total, a repository may start per day (UTC). Further builds wait for approval. */
  maxForkBuildsPerDay: number
  maxBuildsPerDay: number
  /** In US dollars, for each repository. Null: none. */
  monthlyBudget: number | null
}

/** The settings of all repositories. */
export const GLOBAL = 'config/global.json'
const settingsSchema = z.strictObject({ global: z.unknown().optional(), repository: z.unknown().optional() })

/**
 * Reads the account's settings. Null means that the file does not exist.
 * @throws UserError if a file is invalid
 */
export function readSettings(
  project: string,
  texts: { global: string | null; repository: string | null },
): Settings {
  const settings = {
    ...(texts.global !== null && { global: parseLayerJson(GLOBAL, texts.global) }),
    ...(texts.repository !== null && {
      repository: parseLayerJson(`config/${project}.json`, texts.repository),
    }),
  }
  parseSettings(project, settings)
  return settings as Settings
}

/**
 * The layers of a build's settings, lowest first.
 * @throws UserError if they are invalid
 */
export function parseSettings(project: string, settings: unknown): Layer[] {
  const parts = settingsSchema.safeParse(settings)
  if (!isObject(settings) || !parts.success) {
    throw new UserError(
      `The account's settings for ${project} must be an object with "global" and "repository".`,
    )
  }
  const { global, repository } = parts.data
  const layers = [
    ...(global === undefined ? [] : [parseLayer(accountSchema, { name: GLOBAL, path: [] }, global)]),
    ...(repository === undefined
      ? []
      : [parseLayer(accountSchema, { name: `config/${project}.json`, path: [] }, repository)]),
  ]
  requireNoDeployRole(layers)
  return layers
}

/**
 * The role of a job must not be able to deploy: the job's command comes from the commit, and no stage is held for it.
 * @throws UserError if a role of jobs is one of deploys, in any of these layers
 */
function requireNoDeployRole(layers: readonly Layer[]): void {
  const rules = layers.map(layer => ({ name: layer.name, ...accountRules([layer]) }))
  const deployRoles = rules.flatMap(({ name, deployRole, pinnedStages }) => [
    { role: deployRole, where: `"deployRole" in ${name}` },
    ...Object.entries(pinnedStages).map(([stage, { role }]) => ({
      role,
      where: `"pinnedStages.${stage}.role" in ${name}`,
    })),
  ])
  for (const { name, jobRoles } of rules)
    for (const [job, { role }] of Object.entries(jobRoles)) {
      const deploys = deployRoles.find(each => each.role === role)
      if (deploys)
        throw new UserError(
          `${name}: "jobRoles.${job}" is a role of deploys (${deploys.where}), and no job may have that. Create a role for the job, with only the rights that its command needs.`,
        )
    }
}

/** The account-only settings of these layers. A later list replaces an earlier one. */
export function accountRules(layers: readonly Layer[]): AccountRules {
  return Object.assign(
    {},
    ACCOUNT_DEFAULTS,
    ...layers.map(({ values }) => pick(values, Object.keys(ACCOUNT_DEFAULTS))),
  )
}

/** A layer without the account-only settings. */
export function withoutAccountRules({ name, values }: Layer): Pick<Layer, 'name' | 'values'> {
  const keys = Object.keys(values).filter(key => !Object.hasOwn(ACCOUNT_DEFAULTS, key))
  return { name, values: pick(values, keys) }
}

/**
 * Whether the account builds a repository. Names on GitHub are case-insensitive. Its first name also counts as long as the owner is the
 * same: a repository that was transferred must be allowed under its new owner.
 */
export function isAllowed(
  { allow }: AccountRules,
  project: string,
  repository = project.slice('gh/'.length),
): boolean {
  const [owner = ''] = repository.toLowerCase().split('/')
  const [, firstOwner = '', firstName = ''] = project.toLowerCase().split('/')
  const names = [
    '*',
    owner,
    repository.toLowerCase(),
    ...(firstOwner === owner ? [`${owner}/${firstName}`] : []),
  ]
  return allow.some(entry => names.includes(entry.toLowerCase()))
}

/** The branches for which the account reserves a stage; null if it reserves none. */
export const pinnedBranches = ({ pinnedStages }: AccountRules, stage: string): readonly string[] | null =>
  (Object.hasOwn(pinnedStages, stage) ? pinnedStages[stage]?.branches : undefined) ?? null

/** Why a branch may not deploy to a stage, because the account reserves it for others. Null if it may. */
export function explainPinConflict(
  { pinnedStages }: AccountRules,
  stage: string,
  branch: string,
): string | null {
  const pinned = Object.hasOwn(pinnedStages, stage) ? pinnedStages[stage] : undefined
  if (!pinned || matchingRules(pinned.branches, branch).length > 0) return null
  return `the account's settings reserve it for ${pinned.branches.join(', ')}`
}

/** The roles that deploys of a branch may assume: those of its pinned stages, and the account's default. */
export const deployRolesOf = ({ pinnedStages, deployRole }: AccountRules, branch: string): string[] => [
  ...new Set([
    ...(deployRole === null ? [] : [deployRole]),
    ...Object.values(pinnedStages).flatMap(({ branches, role }) =>
      role !== undefined && matchingRules(branches, branch).length > 0 ? [role] : [],
    ),
  ]),
]

/** The role of one stage. Null if the account sets none. */
export const roleOfStage = ({ pinnedStages, deployRole }: AccountRules, stage: string): string | null =>
  (Object.hasOwn(pinnedStages, stage) ? pinnedStages[stage]?.role : undefined) ?? deployRole

/** Whether the account lets only people deploy to a stage. */
export const isManualStage = ({ pinnedStages }: AccountRules, stage: string): boolean =>
  Object.hasOwn(pinnedStages, stage) && pinnedStages[stage]?.manual === true

/** Whether pushes to a branch may deploy. */
export const mayDeploy = ({ deployBranches }: AccountRules, branch: string) =>
  matchingRules(deployBranches, branch).length > 0
