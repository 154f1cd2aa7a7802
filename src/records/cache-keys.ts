import { createHash } from 'node:crypto'
import type { Build } from '../model/build.ts'
import { cachePrefix } from './keys.ts'

export type CachingBuild = Pick<
  Build,
  'project' | 'trust' | 'trigger' | 'branch' | 'checkoutBranch' | 'defaultBranch'
>
/** A prefix of caches, and the branches whose newest caches a build looks for there. */
export type CachePlace = { prefix: string; branches: readonly string[] }

/** 64 bits: nobody finds a branch whose name has the hash of another one. */
const SCOPE_DIGITS = 16

/**
 * Where a build finds caches, the best place first. It writes into the first one alone. Jobs of trust `branch` write caches for
 * their own branch or pull request: no branch decides what another one starts with, except a base or default branch.
 */
export function cachePlaces(build: CachingBuild): CachePlace[] {
  const { project, trust, trigger, branch, checkoutBranch, defaultBranch } = build
  if (trust === 'fork') return []
  const shared = {
    prefix: cachePrefix(project, 'protected'),
    branches: unique([checkoutBranch, branch, defaultBranch]),
  }
  if (trust === 'protected') return [shared]
  const scopes = [
    { scope: trigger, branch: checkoutBranch },
    { scope: `push/${branch}`, branch },
    { scope: `push/${defaultBranch}`, branch: defaultBranch },
  ]
  const own = [...Map.groupBy(scopes, ({ scope }) => scope)].map(([scope, each]) => ({
    prefix: `${cachePrefix(project, trust)}${hashOf(scope)}/`,
    branches: unique(each.map(({ branch }) => branch)),
  }))
  return [...own, shared]
}

const hashOf = (scope: string) => createHash('sha256').update(scope).digest('hex').slice(0, SCOPE_DIGITS)
const unique = (names: readonly string[]) => [...new Set(names)]
