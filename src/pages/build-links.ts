import { artifactsPath, buildPath, testsPath } from '../records/links.ts'
import type { View } from '../records/view.ts'
import type { GitHubLinks } from './github-links.ts'
import type { ShownLog } from './shown-log.ts'

/** The surroundings of a build to which its page links. */
export type Surroundings = {
  repository: string
  github: GitHubLinks
  /** The page of another build of the repository, with its key if necessary. */
  linkTo: (number: number) => string
}

/** The links of a build's page. */
export type BuildLinks = Surroundings & {
  /** The log that the page shows: whole, as a file, and as far as it is written. */
  whole: string
  download: string
  live: string
  /** The logs of all jobs in one file; null for a build of one job, and before the end. */
  all: string | null
  /** The views of the build. */
  log: string
  tests: string
  artifacts: string
  /** Adds the key of a private build to a path. */
  withKey: (path: string) => string
}

/** The links from a page that was opened with this key. */
export function linksOf(
  view: View,
  { path }: Pick<ShownLog, 'path'>,
  { key, hasAll, ...others }: Surroundings & { key: string | undefined; hasAll: boolean },
): BuildLinks {
  const withKey = (target: string, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({ ...(key !== undefined && { key }), ...more }).toString()
    return query ? `${target}?${query}` : target
  }
  return {
    ...others,
    live: withKey(`${path}/log`),
    whole: withKey(`${path}/log.txt`),
    download: withKey(`${path}/log.txt`, { download: '1' }),
    all: hasAll ? withKey(`${buildPath(view)}/log.txt`) : null,
    log: withKey(buildPath(view)),
    tests: withKey(testsPath(view)),
    artifacts: withKey(artifactsPath(view)),
    withKey: target => withKey(target),
  }
}
