import type { Build } from '../model/build.ts'
import { type BuildRef, buildKeys } from '../records/keys.ts'
import { readBuild } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'

type Repeating = Pick<Build, 'isPrivate' | 'retryOf' | 'rebuildOf' | 'target'>

/** The longest chain of repetitions that is followed. A longer one counts as private. */
const MOST_REPETITIONS = 20

/**
 * Whether a build dates from a private time, or repeats one that does: a retry shows logs of the build that it retries, a rebuild its
 * commit, and a deploy the build that it deploys. A build that is not on record counts as private.
 */
export async function showsPrivate(
  build: Repeating,
  read: (number: number) => Promise<Repeating | null>,
): Promise<boolean> {
  let each: Repeating | null = build
  for (let repetitions = 0; each !== null && repetitions <= MOST_REPETITIONS; repetitions++) {
    if (each.isPrivate) return true
    const number: number | null = each.retryOf ?? each.rebuildOf ?? each.target?.of ?? null
    if (number === null) return false
    each = await read(number)
  }
  return true
}

/** The most records that are read for one page to decide which builds may be shown. Further builds are not shown. */
const MOST_LOOKUPS = 60

/** The builds of a repository that a visitor may see in lists. */
export type VisibleBuilds = {
  /** The repository's records. No record of a build is read twice. */
  store: Store
  /** Whether the visitor may see all builds, including those of a private time. */
  areAll: boolean
  mayShow: (number: number) => Promise<boolean>
  /** Like `mayShow`, but without a request: it only recognises repetitions that were read from `store`. */
  mayShowSummary: (summary: { number: number; isPrivate: boolean }) => Promise<boolean>
}

/** Without the key of a private repository (unless `areAll`), only builds of its public time are visible. */
export function visibleBuilds(stored: Store, project: string, areAll: boolean): VisibleBuilds {
  const { store, isKnown } = rememberBuilds(stored)
  let lookups = 0
  const read = async (number: number) => {
    const build: BuildRef = { project, number }
    if (!isKnown(build) && ++lookups > MOST_LOOKUPS) return null
    return readBuild(store, build)
  }
  const mayShow = async (number: number) => {
    if (areAll) return true
    const build = await read(number)
    return build !== null && !(await showsPrivate(build, read))
  }
  const mayShowSummary = async ({ number, isPrivate }: { number: number; isPrivate: boolean }) =>
    areAll || (!isPrivate && (!isKnown({ project, number }) || (await mayShow(number))))
  return { store, areAll, mayShow, mayShowSummary }
}

/** The same store, which remembers the records of builds. They never change once they are there. */
function rememberBuilds(store: Store): { store: Store; isKnown: (build: BuildRef) => boolean } {
  const known = new Map<string, ReturnType<Store['get']>>()
  const get = (key: string) => {
    if (!key.endsWith('/build.json')) return store.get(key)
    const found = known.get(key) ?? store.get(key)
    known.set(key, found)
    return found
  }
  return { store: { ...store, get }, isKnown: build => known.has(buildKeys(build).build) }
}
