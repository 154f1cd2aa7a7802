import { BuildLog } from '../../src/log/build-log.ts'
import { createSink } from '../../src/log/sink.ts'
import type { JobRun } from '../../src/records/job-run.ts'
import { buildKeys, jobKeys } from '../../src/records/keys.ts'
import type { Store } from '../../src/records/store.ts'
import { endedRun, makeBuild } from './records.ts'

/** Stores a build that has ended with this log, as the runner writes it. */
export async function storeLog(
  store: Store,
  project: string,
  pieces: Iterable<Uint8Array>,
  change: Partial<JobRun> = {},
): Promise<void> {
  const build = makeBuild({ project, number: 1 })
  const log = new BuildLog(createSink(store, jobKeys(build).log), [], { limitBytes: 2 ** 31, uploadMs: 1000 })
  for (const bytes of pieces) await log.write(bytes)
  await store.put(buildKeys(build).build, JSON.stringify(build), 'application/json')
  await store.put(
    jobKeys(build).record('end'),
    JSON.stringify(endedRun({ ...(await log.end()), ...change })),
    'application/json',
  )
}
