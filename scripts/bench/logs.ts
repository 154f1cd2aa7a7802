import { fork } from 'node:child_process'
import { join } from 'node:path'
import { openStore } from '../../src/aws/bucket.ts'
import type { BuildAsked, BuildTook } from './build-process.ts'
import { runBare } from './builds.ts'
import type { LogCase } from './cases.ts'
import { answer, type Ground } from './ground.ts'
import { BUCKET, KEYS, orderOf, SECRETS_KEY } from './job.ts'
import { median, quantile } from './numbers.ts'
import { pushCommit, TINY } from './repositories.ts'

export type LogRow = {
  name: string
  bareMs: number
  buildMs: number
  /** Nine of ten builds take no longer. */
  slowMs: number
  ratio: number
  /** Of the build process, above what it had before it began. */
  memoryMb: number
  /** Bytes sent to S3 for each byte of the log. */
  sent: number
}

let lastNumber = 0

/** Builds that write much, each beside the same command into a file: rounds in turn, medians. */
export async function benchLog(wanted: LogCase, ground: Ground): Promise<LogRow> {
  const commit = pushCommit(ground, TINY, wanted.command)
  if (wanted.hasSecrets) await putSecrets(ground)
  const rounds: { bareMs: number; took: BuildTook; sent: number }[] = []
  for (let round = 0; round < wanted.rounds; round++) {
    const bareMs = runBare(ground, TINY, commit, wanted.command)
    await ground.used()
    const took = await runBuild(ground, wanted, commit)
    rounds.push({ bareMs, took, sent: ((await ground.used()).sentKb * 1000) / wanted.bytes })
  }
  const bareMs = median(rounds.map(round => round.bareMs))
  const buildMs = median(rounds.map(({ took }) => took.ms))
  return {
    name: wanted.name,
    bareMs,
    buildMs,
    slowMs: quantile(
      rounds.map(({ took }) => took.ms),
      0.9,
    ),
    ratio: median(rounds.map(({ bareMs, took }) => took.ms / bareMs)),
    memoryMb: Math.max(...rounds.map(({ took }) => took.peakMb - took.idleMb)),
    sent: median(rounds.map(({ sent }) => sent)),
  }
}

const putSecrets = ({ s3 }: Ground) => {
  const names = Array.from({ length: 10 }, (_, index) => `SECRET_${index}`)
  const secrets = Object.fromEntries(
    names.map(name => [name, `${name.toLowerCase()}-of-the-bench-0123456789`]),
  )
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  return store.put(SECRETS_KEY, JSON.stringify(secrets), 'application/json')
}

async function runBuild(
  { directory, s3, github }: Ground,
  wanted: LogCase,
  commit: string,
): Promise<BuildTook> {
  const child = fork(join(import.meta.dirname, 'build-process.ts'))
  await answer(child)
  const number = ++lastNumber
  const asked: BuildAsked = {
    order: orderOf(commit, number, wanted.hasSecrets ?? false, TINY),
    s3,
    github,
    directory,
    ...(wanted.logLimit !== undefined && { logLimit: wanted.logLimit }),
  }
  child.send(asked)
  const took = await answer<BuildTook>(child)
  child.disconnect()
  await expectWholeLog(s3, number, wanted.bytes)
  return took
}

/** A number counts only for a build that did its work; then its log goes, for tmpfs is memory. */
async function expectWholeLog(s3: string, number: number, bytes: number): Promise<void> {
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  const build = `gh/${TINY}/builds/${number}/`
  const entries = await store.list(build)
  const log = entries.find(({ key }) => key === `${build}log.txt`)
  if (!log || log.size < bytes)
    throw new Error(`${build}log.txt holds ${log?.size ?? 'no'} bytes of ${bytes}`)
  await Promise.all(entries.map(({ key }) => store.remove(key)))
}
