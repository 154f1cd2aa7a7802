import { type Artifact, artifactKey, artifactListKey } from '../model/artifact.ts'
import { type BuildRef, type JobRef, jobKeys } from '../records/keys.ts'
import { readRun } from '../records/read-records.ts'
import { sizeOf } from '../records/size-of.ts'
import type { Store } from '../records/store.ts'

/** The artifacts of an attempt, according to its own record, which does not expire. */
export const leftArtifacts = async (store: Store, build: BuildRef, job: JobRef): Promise<Artifact[]> =>
  (await readRun(store, jobKeys(build, job).record('end')))?.artifacts ?? []

/** Whether these artifacts of an attempt and their list are below a prefix, which may have other objects. */
export async function areStored(
  store: Store,
  prefix: string,
  artifacts: readonly Artifact[],
): Promise<boolean> {
  if (artifacts.length === 0) return true
  const wanted = [artifactListKey(prefix), ...artifacts.map(each => artifactKey(prefix, each))]
  const sizes = await Promise.all(wanted.map(key => sizeOf(store, key)))
  return sizes.every(size => size !== null)
}
