import { readRecords } from './read-records.ts'
import type { Store } from './store.ts'
import { type View, viewOf } from './view.ts'

const BATCH = 10

/**
 * The builds of a repository, newest first. `last` is the counter's number, which may lag behind: builds after it are also found. Numbers
 * have no gaps, so nothing needs to be listed.
 */
export async function* buildsOf(store: Store, project: string, last: number): AsyncGenerator<View> {
  let newest = last
  while (await viewAt(store, project, newest + 1)) newest += 1
  for await (const views of buildsFrom(store, project, newest)) yield* views
}

/** The builds of a repository from this number on, newest first, in the groups that are read at once. */
async function* buildsFrom(store: Store, project: string, newest: number): AsyncGenerator<View[]> {
  for (let from = newest; from > 0; from -= BATCH) {
    const views = Array.from({ length: BATCH }, (_, index) => viewAt(store, project, from - index))
    yield (await Promise.all(views)).filter(view => view !== null)
  }
}

async function viewAt(store: Store, project: string, number: number): Promise<View | null> {
  const records = number > 0 ? await readRecords(store, { project, number }) : null
  return records && viewOf(records)
}

type Search = {
  /** The number to begin with. */
  from: number
  fits: (view: View) => Promise<boolean>
  /** How many builds are wanted. */
  limit: number
  /** The most requests to the bucket after which further builds are still read, ten at a time. */
  mostRequests: number
}

/** The first `limit` builds that match, and the number to continue with; null if there are no older ones. */
export async function searchBuilds(
  store: Store,
  project: string,
  { from, fits, limit, mostRequests }: Search,
): Promise<{ builds: View[]; next: number | null }> {
  const counted = countRequests(store)
  const builds: View[] = []
  let next = from
  for await (const views of buildsFrom(counted.store, project, from)) {
    for (const view of views) {
      if (builds.length === limit) break
      if (await fits(view)) builds.push(view)
      next = view.number - 1
    }
    if (builds.length === limit || counted.requests() >= mostRequests) break
  }
  return { builds, next: next > 0 ? next : null }
}

/** The same store, and the number of read requests made through it. */
function countRequests(store: Store): { store: Store; requests: () => number } {
  let requests = 0
  const counted = <T>(answer: T): T => {
    requests += 1
    return answer
  }
  const counting: Store = {
    ...store,
    get: key => counted(store.get(key)),
    getRange: (...range) => counted(store.getRange(...range)),
    list: (...range) => counted(store.list(...range)),
  }
  return { store: counting, requests: () => requests }
}

/** The first `limit` builds that match, among no more than `most` builds. */
export async function takeBuilds(
  builds: AsyncIterable<View>,
  fits: (view: View) => boolean,
  { limit, most }: { limit: number; most: number },
): Promise<View[]> {
  const taken: View[] = []
  let seen = 0
  for await (const view of builds) {
    if (fits(view)) taken.push(view)
    seen += 1
    if (taken.length >= limit || seen >= most) break
  }
  return taken
}
