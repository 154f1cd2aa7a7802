import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { functionName } from '../../src/entry/system/functions.ts'
import { bringPush } from '../../test/signed-push.ts'
import { lambciJson, openTown, type Town } from '../../test/stories/town.ts'
import { bundle, ENTRIES, writeBundle } from '../bundle.ts'
import { runBareAside } from './builds.ts'
import { median, quantile } from './numbers.ts'

export type WholeBench = {
  webhook: { coldMs: number; warmMs: number; slowMs: number }
  many: { builds: number; atOnce: number; bareMs: number; ms: number; ratio: number }
}

const AT_ONCE = 8
const BUILDS = 100
const COLD = 5
const WARM = 25

/** The whole system on loopback, its functions as they go to AWS: webhooks one after another, and many builds at once beside as many bare ones. */
export async function benchWhole(): Promise<WholeBench> {
  const bundles = mkdtempSync(join(tmpdir(), 'lambci-bundles-'))
  for (const entry of ENTRIES) await writeBundle(await bundle(entry), join(bundles, entry))
  const moduleOf = (entry: string) => join(bundles, entry, 'index.js')
  const town = await openTown({ concurrency: AT_ONCE, moduleOf })
  try {
    const at = await town.write(lambciJson('true'))
    const commit = await town.push(at, 'bench/whole', 'master')
    await town.ended({ project: 'gh/bench/whole', number: 1 })
    const warm: number[] = []
    const cold: number[] = []
    for (let round = 0; round < WARM; round++) {
      await town.system.lambda.idle()
      warm.push((await deliver(town, commit)).ms)
    }
    for (let round = 0; round < COLD; round++) {
      await town.system.lambda.idle()
      for (const { pid } of town.system.lambda.sandboxes(functionName('http'))) process.kill(pid, 'SIGKILL')
      // Until its death has been noticed.
      await sleep(300)
      cold.push((await deliver(town, commit)).ms)
    }
    await town.system.lambda.idle()
    const start = performance.now()
    await Promise.all(Array.from({ length: BUILDS }, () => deliver(town, commit)))
    await town.system.lambda.idle()
    const ms = performance.now() - start
    const bareMs = await bareBuilds(`${town.system.addresses.github}/bench/whole.git`, commit)
    return {
      webhook: { coldMs: median(cold), warmMs: median(warm), slowMs: quantile(warm, 0.9) },
      many: { builds: BUILDS, atOnce: AT_ONCE, bareMs, ms, ratio: ms / bareMs },
    }
  } finally {
    await town.close()
    rmSync(bundles, { recursive: true })
  }
}

/** Milliseconds until a push is accepted. */
async function deliver(town: Town, commit: string): Promise<{ ms: number }> {
  const start = performance.now()
  const answer = await bringPush(town.system.addresses, 'bench/whole', commit)
  if (answer.status !== 202) throw new Error(`A delivery was answered with ${answer.status}`)
  return { ms: performance.now() - start }
}

/** As many of what a person would type, as many at once. */
async function bareBuilds(remote: string, commit: string): Promise<number> {
  let left = BUILDS
  const start = performance.now()
  const worker = async () => {
    while (left-- > 0) await runBareAside(remote, commit, 'true')
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return performance.now() - start
}
