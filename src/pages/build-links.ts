import { buildPath } from '../records/links.ts'
import type { View } from '../records/view.ts'
import type { ShownLog } from './shown-log.ts'

/** The links of a build's page. */
export type BuildLinks = {
  repository: string
  /** The log that the page shows: whole, as a file, and as far as it is written. */
  whole: string
  download: string
  live: string
  /** The logs of all jobs in one; null for a build of one job, and before the end. */
  all: string | null
  /** Adds the key of a private build to a path. */
  withKey: (path: string) => string
}

/** The links from a page that was opened with this key. */
export function linksOf(
  view: View,
  { path }: ShownLog,
  { key, repository, hasAll }: { key: string | undefined; repository: string; hasAll: boolean },
): BuildLinks {
  const withKey = (target: string, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({ ...(key !== undefined && { key }), ...more }).toString()
    return query ? `${target}?${query}` : target
  }
  return {
    repository,
    live: withKey(`${path}/log`),
    whole: withKey(`${path}/log.txt`),
    download: withKey(`${path}/log.txt`, { download: '1' }),
    all: hasAll ? withKey(`${buildPath(view)}/log.txt`) : null,
    withKey: target => withKey(target),
  }
}
