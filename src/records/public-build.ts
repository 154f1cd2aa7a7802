import type { Build } from '../model/build.ts'

/** The fields of a build that people may see. A new field of `Build` is private until it is listed here. */
export const PUBLIC_FIELDS = [
  ...([
    'project',
    'repository',
    'number',
    'trigger',
    'branch',
    'defaultBranch',
    'commit',
    'baseCommit',
  ] as const),
  ...([
    'cloneRepository',
    'checkoutBranch',
    'pullRequest',
    'isFork',
    'isPrivate',
    'trust',
    'target',
  ] as const),
  'approval',
  ...(['message', 'author', 'committers', 'queuedAt', 'retryOf', 'rebuildOf', 'repeats'] as const),
] satisfies readonly (keyof Build)[]
export type PublicBuild = Pick<Build, (typeof PUBLIC_FIELDS)[number]>
