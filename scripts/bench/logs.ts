import { openStore } from '../../src/aws/bucket.ts'
import { buildKeys, jobKeys } from '../../src/records/keys.ts'
import { type BenchServers, nextMessage } from './bench-servers.ts'
import type { BuildRequest, BuildResult } from './build-process.ts'
import { forkBuilder, runBare } from './builds.ts'
import { BUCKET, jobMessageOf, KEYS, SECRETS_KEY } from './job.ts'
import type { LogCase } from './log-cases.ts'
import { median, quantile } from './numbers.ts'
import { pushCommit, TINY } from './repositories.ts'

export type LogRow = {
  name: string
  bareMs: number
  buildMs: number
  /** 90th percentile. */
  slowMs: number
  ratio: number
  /** Peak of the build process above its memory before the build. */
  memoryMb: number
  /** Bytes sent to S3 for each byte of the log. */
  sent: number
}

let lastNumber = 0

/** Measures builds with much output and the same command writing to a file, alternating. Returns medians. */
export async function benchLog(test: LogCase, bench: BenchServers): Promise<LogRow> {
  const commit = pushCommit(bench, TINY, test.command)
  if (test.hasSecrets) await putSecrets(bench)
  const rounds: { bareMs: number; result: BuildResult; sent: number }[] = []
  for (let round = 0; round < test.rounds; round++) {
    const bareMs = runBare(bench, TINY, commit, test.command)
    await bench.takeUse()
    const result = await runBuild(bench, test, commit)
    rounds.push({ bareMs, result, sent: ((await bench.takeUse()).sentKb * 1000) / test.bytes })
  }
  const bareMs = median(rounds.map(round => round.bareMs))
  const buildMs = median(rounds.map(({ result }) => result.ms))
  return {
    name: test.name,
    bareMs,
    buildMs,
    slowMs: quantile(
      rounds.map(({ result }) => result.ms),
      0.9,
    ),
    ratio: median(rounds.map(({ bareMs, result }) => result.ms / bareMs)),
    memoryMb: Math.max(...rounds.map(({ result }) => result.peakMb - result.idleMb)),
    sent: median(rounds.map(({ sent }) => sent)),
  }
}

const putSecrets = ({ s3 }: BenchServers) => {
  const names = Array.from({ length: 10 }, (_, index) => `SECRET_${index}`)
  const secrets = Object.fromEntries(
    names.map(name => [name, `${name.toLowerCase()}-of-the-bench-0123456789`]),
  )
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  return store.put(SECRETS_KEY, JSON.stringify(secrets), 'application/json')
}

async function runBuild(
  { directory, s3, github }: BenchServers,
  test: LogCase,
  commit: string,
): Promise<BuildResult> {
  const child = await forkBuilder()
  const number = ++lastNumber
  const request: BuildRequest = {
    message: jobMessageOf(commit, number, test.hasSecrets ?? false, TINY),
    s3,
    github,
    directory,
    ...(test.logLimit !== undefined && { logLimit: test.logLimit }),
  }
  child.send(request)
  const result = await nextMessage<BuildResult>(child)
  child.disconnect()
  await expectWholeLog(s3, number, test.bytes)
  return result
}

/** Checks that the whole log was stored, then deletes it to free memory (tmpfs). @throws Error if it is incomplete */
async function expectWholeLog(s3: string, number: number, bytes: number): Promise<void> {
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  const build = { project: `gh/${TINY}`, number }
  const { whole } = jobKeys(build).log
  const entries = await store.list(buildKeys(build).prefix)
  const log = entries.find(({ key }) => key === whole)
  if (!log || log.size < bytes) throw new Error(`${whole} holds ${log?.size ?? 'no'} bytes of ${bytes}`)
  await Promise.all(entries.map(({ key }) => store.remove(key)))
}
