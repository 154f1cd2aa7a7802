import { readRecords } from './read-records.ts'
import type { Store } from './store.ts'
import { type View, viewOf } from './view.ts'

const BATCH = 10

/**
 * The builds of a repository, newest first. `last` is the counter's number, which may lag behind: builds after it are found
 * as well. Numbers have no gaps, so nothing needs to be listed.
 */
export async function* buildsOf(store: Store, project: string, last: number): AsyncGenerator<View> {
  const viewAt = async (number: number) => {
    const records = number > 0 ? await readRecords(store, { project, number }) : null
    return records && viewOf(records)
  }
  let newest = last
  while (await viewAt(newest + 1)) newest += 1
  for (let from = newest; from > 0; from -= BATCH) {
    const views = await Promise.all(Array.from({ length: BATCH }, (_, index) => viewAt(from - index)))
    yield* views.filter(view => view !== null)
  }
}

/** The first `limit` builds that fit, among no more than `most` builds. */
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
