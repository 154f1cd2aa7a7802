import { type Artifact, artifactKey, artifactListKey } from '../model/artifact.ts'
import { type BuildRef, type JobRef, jobKeys } from '../records/keys.ts'
import { readRun } from '../records/read-records.ts'
import type { Store } from '../records/store.ts'

/** The artifacts of an attempt, according to its own record, which does not expire. */
export const leftArtifacts = async (store: Store, build: BuildRef, job: JobRef): Promise<Artifact[]> =>
  (await readRun(store, jobKeys(build, job).record('end')))?.artifacts ?? []

/** Whether these artifacts of an attempt and their list are below a prefix. */
export async function areStored(
  store: Store,
  prefix: string,
  artifacts: readonly Artifact[],
): Promise<boolean> {
  if (artifacts.length === 0) return true
  const there = new Set((await store.list(prefix, { limit: MOST_OBJECTS })).map(({ key }) => key))
  const wanted = [artifactListKey(prefix), ...artifacts.map(each => artifactKey(prefix, each))]
  return wanted.every(key => there.has(key))
}

/** More than an attempt has: twenty artifacts, and their list. */
const MOST_OBJECTS = 100
