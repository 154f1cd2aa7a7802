import { lastNumber } from '../../admission/counter.ts'
import { type BuildRef, buildKeys } from '../../build/layout.ts'
import { isRed } from '../../build/outcome.ts'
import { readJob } from '../../build/records.ts'
import type { Store } from '../../build/store.ts'
import { projectSchema } from '../../job/job.ts'
import { readLog } from '../../log/reader.ts'
import { Problem } from '../../problem.ts'
import { findStore, type StoreOptions } from './find-store.ts'
import { followLog, waitForEnd } from './follow.ts'

const PART_BYTES = 4 * 1024 * 1024

/** `lambci logs`: prints a build's log as it is now or, with `follow`, until it ends. Answers the exit code. */
export async function printLogs(
  target: string,
  options: StoreOptions & { follow?: boolean },
): Promise<number> {
  const store = await findStore(options)
  const build = await findBuild(store, target)
  if (options.follow) {
    for await (const bytes of followLog(store, build)) await print(bytes)
    return isRed(await waitForEnd(store, build)) ? 1 : 0
  }
  for (let from = 0; ; ) {
    const { bytes, next } = await readLog(store, buildKeys(build).log, from, PART_BYTES)
    if (bytes.length === 0) break
    await print(bytes)
    from = next
  }
  return 0
}

/** Waits for whoever reads: what is written faster would be lost, or fill the memory. */
const print = (bytes: Uint8Array) =>
  new Promise<void>(written => process.stdout.write(bytes, () => written()))

/** The build that `owner/repo#12` names; without a number, the newest. */
async function findBuild(store: Store, target: string): Promise<BuildRef> {
  const [, repository, digits] = /^([^#]+?)(?:#([1-9]\d{0,9}))?$/.exec(target) ?? []
  const project = `gh/${repository}`
  if (!projectSchema.safeParse(project).success) {
    throw new Problem(`"${target}" names no build. Write owner/repo for the newest, or owner/repo#12.`)
  }
  const build = { project, number: digits ? Number(digits) : await lastNumber(store, project) }
  if (build.number > 0 && (await readJob(store, build))) return build
  throw new Problem(
    digits ? `There is no build #${digits} of ${repository}.` : `There is no build of ${repository} yet.`,
  )
}
