import { createHash } from 'node:crypto'
import type { Build } from '../model/build.ts'
import { cachePrefix } from './keys.ts'

export type CachingBuild = Pick<
  Build,
  'project' | 'trust' | 'trigger' | 'branch' | 'checkoutBranch' | 'defaultBranch'
>
/** A prefix of caches, and the branches whose newest caches a build looks for there. */
export type CachePlace = { prefix: string; branches: readonly string[] }

/** 64 bits, so that nobody finds a branch whose name has the hash of another one. */
const SCOPE_DIGITS = 16

/** The caches of all jobs of a build, or (`stage`) of its deploy. */
export const cachesOf = (
  { project, trust }: Pick<Build, 'project' | 'trust'>,
  stage: string | null,
): string => (stage === null ? cachePrefix(project, trust) : `${cachePrefix(project, 'deploy')}${stage}/`)

/**
 * The places where a job finds caches, the best one first. It writes only into the first one, that of its own branch or pull request. Jobs
 * of trust `branch` also read those of the base and the default branch. Jobs that decide about a deploy use no caches of others: jobs of
 * trust `protected` read only those of their branch, and a deploy only those of its stage.
 * @param stage that it deploys to; null for all other jobs
 */
export function cachePlaces(build: CachingBuild, stage: string | null = null): CachePlace[] {
  const { project, trust, trigger, branch, checkoutBranch, defaultBranch } = build
  if (trust === 'fork') return []
  if (stage !== null) return [{ prefix: cachesOf(build, stage), branches: unique([checkoutBranch, branch]) }]
  const protectedPlace = (name: string) => ({
    prefix: `${cachePrefix(project, 'protected')}${hashOf(`push/${name}`)}/`,
    branches: [name],
  })
  if (trust === 'protected') return [protectedPlace(branch)]
  const scopes = [
    { scope: trigger, branch: checkoutBranch },
    { scope: `push/${branch}`, branch },
    { scope: `push/${defaultBranch}`, branch: defaultBranch },
  ]
  const own = [...Map.groupBy(scopes, ({ scope }) => scope)].map(([scope, each]) => ({
    prefix: `${cachePrefix(project, trust)}${hashOf(scope)}/`,
    branches: unique(each.map(({ branch }) => branch)),
  }))
  return [...own, ...unique([branch, defaultBranch]).map(protectedPlace)]
}

const hashOf = (scope: string) => createHash('sha256').update(scope).digest('hex').slice(0, SCOPE_DIGITS)
const unique = (names: readonly string[]) => [...new Set(names)]
