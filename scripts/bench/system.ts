import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { functionName } from '../../loopback/system/functions.ts'
import { git } from '../../test/support/git-server.ts'
import { sendPush } from '../../test/support/signed-push.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../test/support/test-system.ts'
import { bundle, bundleModule, ENTRIES, writeBundle } from '../bundle.ts'
import { runBaselineIn } from './builds.ts'
import { median, quantile } from './numbers.ts'

export type SystemResult = {
  webhook: { coldMs: number; warmMs: number; slowMs: number }
  /** From the delivery of a push until GitHub has the final status of its build. */
  push: { ms: number; slowMs: number }
  many: { builds: number; concurrency: number; bareMs: number; ms: number; ratio: number }
}

const CONCURRENCY = 8
const BUILDS = 100
const WARM_UP = 2 * CONCURRENCY
const BOOTSTRAP = join(import.meta.dirname, '..', '..', 'loopback', 'lambda', 'bootstrap.ts')
const COLD = 5
const WARM = 25
const POLL_MS = 5

/**
 * Measures the whole system on loopback with bundled functions: single webhooks, and many concurrent builds and bare
 * runs.
 */
export async function benchSystem(): Promise<SystemResult> {
  const bundles = mkdtempSync(join(tmpdir(), 'lambci-bundles-'))
  for (const entry of ENTRIES) await writeBundle(await bundle(entry), join(bundles, entry))
  await writeBundle(await bundleModule(BOOTSTRAP), join(bundles, 'bootstrap'))
  const moduleOf = (entry: string) => join(bundles, entry, 'index.js')
  const bootstrap = moduleOf('bootstrap')
  const ci = await openTestSystem({ concurrency: CONCURRENCY, moduleOf, bootstrap, environment: {} })
  try {
    const at = await ci.write(lambciJson('true'))
    const commit = await ci.push(at, 'bench/whole', 'master')
    await ci.ended({ project: 'gh/bench/whole', number: 1 })
    const { id } = await ci.api('GET', '/repos/bench/whole')
    const push = { id, commit }
    const warm: number[] = []
    const cold: number[] = []
    for (let round = 0; round < WARM; round++) {
      await ci.system.lambda.idle()
      warm.push((await deliver(ci, push)).ms)
    }
    for (let round = 0; round < COLD; round++) {
      await ci.system.lambda.idle()
      for (const { pid } of ci.system.lambda.sandboxes(functionName('http'))) process.kill(pid, 'SIGKILL')
      // Waits until the death of the process is detected.
      await sleep(300)
      cold.push((await deliver(ci, push)).ms)
    }
    const pushes: number[] = []
    for (let round = 0; round < WARM; round++) {
      // A new commit each time: its statuses are the first ones.
      const next = await ci.push(at, 'bench/whole', 'master')
      await ci.system.lambda.idle()
      pushes.push(await untilFinalStatus(ci, { id, commit: next }))
    }
    // Sandboxes start with the first builds.
    const first = await commitBranches(at, WARM_UP)
    const branches = await commitBranches(at, BUILDS)
    await pushAll(ci, at, first)
    await ci.system.lambda.idle()
    const start = performance.now()
    await pushAll(ci, at, branches)
    await ci.system.lambda.idle()
    const ms = performance.now() - start
    const bareMs = await bareBuilds(`${ci.system.addresses.github}/bench/whole.git`, commit)
    return {
      webhook: { coldMs: median(cold), warmMs: median(warm), slowMs: quantile(warm, 0.9) },
      push: { ms: median(pushes), slowMs: quantile(pushes, 0.9) },
      many: { builds: BUILDS, concurrency: CONCURRENCY, bareMs, ms, ratio: ms / bareMs },
    }
  } finally {
    await ci.close()
    rmSync(bundles, { recursive: true })
  }
}

/** A commit of the repository with this id. */
type Push = { id: number; commit: string }

/** Creates this many branches, each with a commit. Returns the refs for git to push. */
async function commitBranches(at: string, count: number): Promise<string[]> {
  const refs: string[] = []
  for (let number = 1; number <= count; number++) {
    const message = `Commit ${number} of ${count}`
    const commit = await git(at, 'commit-tree', '-p', 'HEAD', '-m', message, 'HEAD^{tree}')
    refs.push(`${commit}:refs/heads/${count}-${number}`)
  }
  return refs
}

/** Pushes branches, all at once. */
async function pushAll(ci: TestSystem, at: string, refs: readonly string[]): Promise<void> {
  const { github, githubToken } = ci.system.addresses
  const remote = new URL(`${github}/bench/whole.git`)
  remote.username = 'x-access-token'
  remote.password = githubToken
  await git(at, 'push', '--quiet', remote.href, ...refs)
}

/** Delivers a push. Returns the milliseconds until it is accepted. */
async function deliver(ci: TestSystem, { id, commit }: Push): Promise<{ ms: number }> {
  const start = performance.now()
  // Each is a new delivery, because a repeated one starts at most ten builds.
  const change = { compare: `${ci.system.addresses.github}/bench/whole/compare/${randomUUID()}` }
  const answer = await sendPush(ci.system.addresses, { id, full_name: 'bench/whole' }, commit, change)
  if (answer.status !== 202)
    throw new Error(`A delivery was answered with ${answer.status}: ${await answer.text()}`)
  return { ms: performance.now() - start }
}

/** Delivers a push. Returns the milliseconds until GitHub has one more final status of the commit. */
async function untilFinalStatus(ci: TestSystem, push: Push): Promise<number> {
  const count = async () =>
    (await ci.statuses('bench/whole', push.commit)).filter(line => !line.startsWith('pending')).length
  const before = await count()
  const start = performance.now()
  await deliver(ci, push)
  while ((await count()) === before) await sleep(POLL_MS)
  return performance.now() - start
}

/** The same number of bare runs with the same concurrency. Returns milliseconds. */
async function bareBuilds(remote: string, commit: string): Promise<number> {
  let left = BUILDS
  const start = performance.now()
  const worker = async () => {
    while (left-- > 0) await runBaselineIn(remote, commit, 'true')
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  return performance.now() - start
}
