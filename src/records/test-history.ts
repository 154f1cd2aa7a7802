import { createHash } from 'node:crypto'
import { addBuild, type TestedBuild, type TestHistory, testHistorySchema } from '../model/test-history.ts'
import { testHistoryKey } from './keys.ts'
import { readRecord } from './read-record.ts'
import type { Store } from './store.ts'
import { updateRecord } from './update-record.ts'

const LENGTH = 16
const hashOf = (texts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, LENGTH)

/** The name of a job in the history: its title without its shard, because shards change. */
export const jobIdOf = (whole: string) => hashOf([whole])
/** The name of a test of a job in the history. */
export const testIdOf = (whole: string, title: string) => hashOf([whole, title])

/** The test results of a branch's newest builds. */
export const readTestHistory = async (store: Store, project: string, branch: string): Promise<TestHistory> =>
  (await readRecord(store, testHistoryKey(project, branch), testHistorySchema)) ?? { builds: [] }

/** Adds a build to those of its branch, once, however often it is repeated. */
export async function recordTests(
  store: Store,
  { project, branch }: { project: string; branch: string },
  build: TestedBuild,
): Promise<TestHistory> {
  const { value } = await updateRecord(
    store,
    testHistoryKey(project, branch),
    testHistorySchema,
    (standing): TestHistory => addBuild(standing ?? { builds: [] }, build),
  )
  return value
}
