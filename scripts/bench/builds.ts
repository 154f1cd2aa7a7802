import { execFile, execFileSync, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openStore } from '../../src/aws/bucket.ts'
import { readRawJobRun } from '../../src/records/read-records.ts'
import type { BuildAsked, BuildTook } from './build-process.ts'
import { answer, type Ground, type S3Use } from './ground.ts'
import { BUCKET, KEYS, orderOf } from './job.ts'
import { median, quantile } from './numbers.ts'
import { PROJECT, pushCommit, TINY } from './repositories.ts'

export type BuildCase = {
  name: string
  repository: string
  /** Which of the builds of one process is measured: the first of a new one, or one after others. */
  isWarm: boolean
  /** Whether 30 ms are added to each call to S3. */
  isFar: boolean
  rounds: number
}

export const FAR_MS = 30

export const BUILD_CASES: BuildCase[] = [
  { name: 'tiny, new process', repository: TINY, isWarm: false, isFar: false, rounds: 9 },
  { name: 'tiny, warm', repository: TINY, isWarm: true, isFar: false, rounds: 15 },
  { name: `tiny, warm, ${FAR_MS} ms to S3`, repository: TINY, isWarm: true, isFar: true, rounds: 9 },
  { name: '2,794 files, first', repository: PROJECT, isWarm: false, isFar: false, rounds: 5 },
  { name: '2,794 files, second', repository: PROJECT, isWarm: true, isFar: false, rounds: 9 },
]

export type BuildRow = {
  name: string
  bareMs: number
  buildMs: number
  /** Nine of ten builds take no longer. */
  slowMs: number
  ratio: number
  overMs: number
  /** From the job to the command, and from the command's end to the last record. */
  beforeMs: number
  afterMs: number
  calls: number
  /** How many of them wait for another: before the command, and after it. Told apart where S3 is far away. */
  inRow: [before: number, after: number] | null
  sentKb: number
  receivedKb: number
}

type Round = {
  bareMs: number
  took: BuildTook
  beforeMs: number
  afterMs: number
  inRow: [number, number]
} & S3Use

let lastNumber = 1000

/** A build that does next to nothing, beside git and the same command: rounds in turn, medians. */
export async function benchBuild(wanted: BuildCase, ground: Ground): Promise<BuildRow> {
  const mark = join(ground.directory, 'mark')
  const command = `date +%s%N > ${mark}`
  const rounds: Round[] = []
  let builder = wanted.isWarm ? await startBuilder() : null
  const s3 = wanted.isFar ? ground.farS3 : ground.s3
  for (let round = wanted.isWarm ? -2 : 0; round < wanted.rounds; round++) {
    const commit = pushCommit(ground, wanted.repository, command)
    const bareMs = runBare(ground, wanted.repository, commit, command)
    if (!wanted.isWarm) {
      rmSync(join(ground.directory, 'sandbox'), { recursive: true, force: true })
      builder = await startBuilder()
    }
    if (!builder) throw new Error('There is no process to build in')
    await ground.used()
    const from = Date.now()
    const took = await builder.build({
      order: orderOf(commit, ++lastNumber, false, wanted.repository),
      ...{ s3, github: ground.github, directory: ground.directory },
    })
    const use = await ground.used()
    await expectPassed(ground, lastNumber, wanted.repository)
    const at = Number(BigInt(readFileSync(mark, 'utf8').trim()) / 1_000_000n)
    const beforeMs = at - from
    const inRow = callsInRow(use.calls, at)
    if (round >= 0) rounds.push({ bareMs, took, beforeMs, afterMs: took.ms - beforeMs, inRow, ...use })
    if (!wanted.isWarm) builder.close()
  }
  if (wanted.isWarm) builder?.close()
  return rowOf(wanted, rounds)
}

/**
 * The longest chain of calls of which each was sent when the one before had been answered, of those answered before the
 * command and of those sent after it.
 */
function callsInRow(calls: S3Use['calls'], command: number): [number, number] {
  const sent = calls.map(([from, to]) => [from - FAR_MS, to] as const)
  const longest = (some: typeof sent) => {
    let count = 0
    let end = 0
    for (const [from, to] of some.toSorted((one, other) => one[1] - other[1])) {
      if (from < end) continue
      count += 1
      end = to
    }
    return count
  }
  return [longest(sent.filter(([, to]) => to <= command)), longest(sent.filter(([from]) => from >= command))]
}

function rowOf({ name, isFar }: BuildCase, rounds: Round[]): BuildRow {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick))
  return {
    name,
    bareMs: of(({ bareMs }) => bareMs),
    buildMs: of(({ took }) => took.ms),
    slowMs: quantile(
      rounds.map(({ took }) => took.ms),
      0.9,
    ),
    ratio: of(({ took, bareMs }) => took.ms / bareMs),
    overMs: of(({ took, bareMs }) => took.ms - bareMs),
    beforeMs: of(({ beforeMs }) => beforeMs),
    afterMs: of(({ afterMs }) => afterMs),
    calls: of(({ calls }) => calls.length),
    inRow: isFar ? [of(({ inRow }) => inRow[0]), of(({ inRow }) => inRow[1])] : null,
    sentKb: of(({ sentKb }) => sentKb),
    receivedKb: of(({ receivedKb }) => receivedKb),
  }
}

/** A number counts only for a build that did its work. */
async function expectPassed({ s3 }: Ground, number: number, repository: string): Promise<void> {
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  const run = await readRawJobRun(store, { project: `gh/${repository}`, number })
  store.close()
  if (run?.conclusion !== 'passed') throw new Error(`A build of the bench has not passed: ${run?.reason}`)
}

async function startBuilder() {
  const child = fork(join(import.meta.dirname, 'build-process.ts'))
  await answer(child)
  return {
    build: (asked: BuildAsked): Promise<BuildTook> => {
      child.send(asked)
      return answer<BuildTook>(child)
    },
    close: () => child.disconnect(),
  }
}

const BARE = `git init -q && git fetch -q --depth 5 "$1" "$2" && git checkout -q "$2" && bash -c "$3" > ../bare.log`

/** The same beside others, in a place of its own. */
export async function runBareAside(remote: string, commit: string, command: string): Promise<void> {
  const at = mkdtempSync(join(tmpdir(), 'lambci-bare-'))
  mkdirSync(join(at, 'bare'))
  await promisify(execFile)('bash', ['-c', BARE, 'bare', remote, commit, command], { cwd: join(at, 'bare') })
  rmSync(at, { recursive: true, force: true })
}

/** What a person would type, over the same transport: milliseconds. */
export function runBare(
  { directory, github }: Ground,
  repository: string,
  commit: string,
  command: string,
): number {
  const at = join(directory, 'bare')
  rmSync(at, { recursive: true, force: true })
  mkdirSync(at)
  const start = performance.now()
  execFileSync('bash', ['-c', BARE, 'bare', `${github}/${repository}.git`, commit, command], {
    cwd: at,
    stdio: 'ignore',
  })
  const took = performance.now() - start
  rmSync(join(directory, 'bare.log'))
  return took
}
