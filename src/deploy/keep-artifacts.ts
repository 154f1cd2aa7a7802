import {
  artifactKey,
  artifactListKey,
  artifactsNamed,
  artifactsSchema,
  MOST_PACKED_BYTES,
} from '../model/artifact.ts'
import type { Build } from '../model/build.ts'
import { shortenBytes } from '../model/short-reason.ts'
import { keptPrefix, outPrefix, type StageRef } from '../records/keys.ts'
import { sizeOf } from '../records/size-of.ts'
import type { Store } from '../records/store.ts'
import { enterDeploy, type KeptJob, removeOthers } from './kept-artifacts.ts'

/** The artifacts that a deploy got: their names, and the attempts that made them. */
export type DeployedArtifacts = { names: readonly string[]; jobs: () => Promise<KeptJob[]> }

/**
 * The most bytes of all artifacts of a deploy: a function has no larger disk to unpack them on.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
 */
const MOST_BYTES = 10 * 1024 ** 3
/** Report has 120 s for everything, and the stage is locked meanwhile. */
const MOST_MS = 30_000
const LIMITS = { bytes: MOST_BYTES, ms: MOST_MS }
type Limits = typeof LIMITS

/** The number of jobs that are processed at once. */
const AT_ONCE = 8
/** The most bytes of a list: 20 artifacts with 20 paths of 300 characters each. */
const LIST_BYTES = 256 * 1024
/** More objects than are kept for an attempt: twenty artifacts and their list. */
const MOST_KEPT = 100

/**
 * Keeps the artifacts of a successful deploy under its stage, and removes those that none of the last ten deploys got. The caller holds
 * the stage, so nothing else changes what is kept. May be repeated: an artifact that is already kept is not copied again. An error here
 * neither fails the deploy nor blocks the stage. It is noted, and a later deploy by hand runs the jobs again.
 */
export async function keepArtifacts(
  store: Store,
  stage: StageRef,
  { number, commit }: Pick<Build, 'number' | 'commit'>,
  { names, jobs }: DeployedArtifacts,
  limits: Limits = LIMITS,
): Promise<void> {
  const signal = AbortSignal.timeout(limits.ms)
  try {
    const found =
      names.length === 0 ? [] : await findArtifacts(store, stage, { names, jobs: await jobs(), signal })
    const notKept = await copyAll(store, found, { signal, bytes: limits.bytes })
    if (notKept !== null) console.error(`${stage.project}, stage ${stage.stage}: ${notKept}`)
    const deploy = { build: number, commit, jobs: found.map(({ job }) => job), notKept }
    const deploys = await enterDeploy(store, stage, deploy)
    if (deploys.length > 0) await removeOthers(store, stage, deploys, signal)
  } catch (error) {
    console.error(error)
  }
}

type Copy = { from: string; to: string }

/** The objects to copy for an attempt. Its list is copied last, so that an attempt with a list is complete. */
type Found = { job: KeptJob; archives: Copy[]; list: Copy | null; bytes: number; error: string | null }

/** The attempts that have left artifacts with these names. */
async function findArtifacts(
  store: Store,
  stage: StageRef,
  { names, jobs, signal }: { names: readonly string[]; jobs: readonly KeptJob[]; signal: AbortSignal },
): Promise<Found[]> {
  const found: (Found | null)[] = []
  await forEachOf(jobs, async (job, index) => {
    if (!signal.aborted) found[index] = await findOf(store, stage, job, names)
  })
  return found.filter(each => each !== null)
}

async function findOf(
  store: Store,
  stage: StageRef,
  job: KeptJob,
  names: readonly string[],
): Promise<Found | null> {
  const out = outPrefix({ project: stage.project, number: job.build }, job)
  const kept = keptPrefix(stage, job)
  const entries = await store.list(kept, { limit: MOST_KEPT })
  const standing = new Map(entries.map(({ key, size }) => [key, size]))
  const isKept = standing.has(artifactListKey(kept))
  const listKey = artifactListKey(isKept ? kept : out)
  // The job may have stored anything beside it.
  const listBytes = standing.get(listKey) ?? (await sizeOf(store, listKey))
  if (listBytes === null) return null
  const nothing = { job, archives: [], list: null, bytes: 0 }
  const listed = listBytes <= LIST_BYTES ? await readList(store, listKey) : null
  if (!listed) return { ...nothing, error: `The list of artifacts of ${titleIn(job)} cannot be read` }
  const archives: Copy[] = []
  let bytes = 0
  const named = artifactsNamed(listed, names)
  if (named.length === 0) return null
  const missing = named.filter(each => standing.get(artifactKey(kept, each)) !== each.bytes)
  const sizes = await Promise.all(missing.map(each => sizeOf(store, artifactKey(out, each))))
  for (const [index, artifact] of missing.entries()) {
    const [from, to] = [artifactKey(out, artifact), artifactKey(kept, artifact)]
    if (sizes[index] !== artifact.bytes || artifact.bytes > MOST_PACKED_BYTES)
      return {
        ...nothing,
        error: `The artifact ${artifact.name} of ${titleIn(job)} is not what its list has`,
      }
    archives.push({ from, to })
    bytes += artifact.bytes
  }
  return {
    job,
    archives,
    list: isKept ? null : { from: listKey, to: artifactListKey(kept) },
    bytes,
    error: null,
  }
}

async function readList(store: Store, key: string) {
  const body = await store.getRange(key, 0, LIST_BYTES)
  try {
    return artifactsSchema.safeParse(JSON.parse(Buffer.from(body ?? '').toString())).data ?? null
  } catch {
    return null
  }
}

/** Returns why something could not be copied; null if all was. */
async function copyAll(
  store: Store,
  found: readonly Found[],
  { signal, bytes }: { signal: AbortSignal; bytes: number },
): Promise<string | null> {
  const errors = found.flatMap(({ error }) => error ?? [])
  if (found.reduce((sum, each) => sum + each.bytes, 0) > bytes)
    return 'The artifacts of this deploy are too large to be kept'
  const copy = async ({ from, to }: Copy) => {
    if (!(await store.copy(from, to))) throw new Error(`${from} is no longer there`)
  }
  const { promise: late, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  const copying = forEachOf(found, async ({ job, archives, list }) => {
    if (signal.aborted) return
    try {
      await Promise.all(archives.map(copy))
      if (list) await copy(list)
    } catch (error) {
      console.error(error)
      errors.push(`The artifacts of ${titleIn(job)} could not be copied`)
    }
  })
  await Promise.race([copying, late])
  return signal.aborted ? 'There was not enough time to keep the artifacts' : (errors[0] ?? null)
}

/** In bytes. */
const TITLE_BYTES = 200
const titleIn = ({ title }: KeptJob) => shortenBytes(title, TITLE_BYTES)

/** Runs several at once, each after one that is done. */
async function forEachOf<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = [...items.entries()]
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await work(next[1], next[0])
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
}
