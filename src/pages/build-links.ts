import { buildPath } from '../records/links.ts'
import type { View } from '../records/view.ts'
import type { ShownLog } from './shown-log.ts'

/** The links of a build's page. */
export type BuildLinks = {
  repository: string
  /** Of a rebuild or a retry: the page of the build that it repeats. Null for other builds. */
  retried: string | null
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
  {
    key,
    hasAll,
    ...others
  }: Pick<BuildLinks, 'repository' | 'retried'> & { key: string | undefined; hasAll: boolean },
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
    withKey: target => withKey(target),
  }
}
