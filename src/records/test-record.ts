import { TESTS_RECORD_LIMIT, type TestRecord, testRecordKey, testRecordSchema } from '../model/tests.ts'
import { type BuildRef, type JobRef, outPrefix } from './keys.ts'
import { nullIfMalformed } from './read-record.ts'
import type { Store } from './store.ts'

/** Reads the `tests.json` of a job; null if it has none, or one that cannot be believed. */
export async function readTestRecord(store: Store, build: BuildRef, job: JobRef): Promise<TestRecord | null> {
  const body = await store.getRange(testRecordKey(outPrefix(build, job)), 0, TESTS_RECORD_LIMIT + 1)
  if (!body || body.length > TESTS_RECORD_LIMIT) return null
  try {
    return testRecordSchema.parse(JSON.parse(Buffer.from(body).toString('utf8')))
  } catch (error) {
    return nullIfMalformed(error)
  }
}
