import { type ChildProcess, execFile, execFileSync, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openStore } from '../../src/aws/bucket.ts'
import { readRawJobRun } from '../../src/records/read-records.ts'
import { bundleModule, writeBundle } from '../bundle.ts'
import { type BenchServers, nextMessage, type S3Use } from './bench-servers.ts'
import type { BuildRequest, BuildResult } from './build-process.ts'
import { BUCKET, jobMessageOf, KEYS } from './job.ts'
import { median, quantile } from './numbers.ts'
import { PROJECT, pushCommit, TINY } from './repositories.ts'

export type BuildCase = {
  name: string
  repository: string
  /** Whether a later build of a process is measured, not the first one. */
  isWarm: boolean
  /** Whether the process begins without V8's code of earlier ones, as on Lambda. Those of the local system begin with it. */
  isOnLambda?: boolean
  /** Whether each call to S3 takes FAR_MS longer. */
  isFar: boolean
  rounds: number
}

export const FAR_MS = 30

export const BUILD_CASES: BuildCase[] = [
  { name: 'tiny, new process', repository: TINY, isWarm: false, isFar: false, rounds: 9 },
  {
    name: 'tiny, new on Lambda',
    repository: TINY,
    isWarm: false,
    isOnLambda: true,
    isFar: false,
    rounds: 9,
  },
  { name: 'tiny, warm', repository: TINY, isWarm: true, isFar: false, rounds: 15 },
  { name: `tiny, warm, ${FAR_MS} ms to S3`, repository: TINY, isWarm: true, isFar: true, rounds: 9 },
  { name: '2,794 files, first', repository: PROJECT, isWarm: false, isFar: false, rounds: 5 },
  { name: '2,794 files, second', repository: PROJECT, isWarm: true, isFar: false, rounds: 9 },
]

export type BuildRow = {
  name: string
  bareMs: number
  buildMs: number
  /** 90th percentile. */
  slowMs: number
  ratio: number
  overMs: number
  /** From the job message to the command, and from the end of the command to the last record. */
  beforeMs: number
  afterMs: number
  calls: number
  /** How many calls in a row wait for each other, before and after the command. Measured only if S3 is far away. */
  inRow: [before: number, after: number] | null
  sentKb: number
  receivedKb: number
}

type Round = {
  bareMs: number
  result: BuildResult
  beforeMs: number
  afterMs: number
  inRow: [number, number]
} & S3Use

let lastNumber = 1000

/** Measures builds and the same work with bare git and bash, alternating. Returns medians. */
export async function benchBuild(test: BuildCase, bench: BenchServers): Promise<BuildRow> {
  const mark = join(bench.directory, 'mark')
  const command = `date +%s%N > ${mark}`
  const rounds: Round[] = []
  let builder = test.isWarm ? await startBuilder(test) : null
  const s3 = test.isFar ? bench.farS3 : bench.s3
  for (let round = test.isWarm ? -2 : -1; round < test.rounds; round++) {
    const commit = pushCommit(bench, test.repository, command)
    const bareMs = runBare(bench, test.repository, commit, command)
    if (!test.isWarm) {
      rmSync(join(bench.directory, 'sandbox'), { recursive: true, force: true })
      builder = await startBuilder(test)
    }
    if (!builder) throw new Error('There is no build process')
    await bench.takeUse()
    const from = Date.now()
    const result = await builder.build({
      message: jobMessageOf(commit, ++lastNumber, false, test.repository),
      s3,
      github: bench.github,
      directory: bench.directory,
    })
    const use = await bench.takeUse()
    await expectPassed(bench, lastNumber, test.repository)
    const at = Number(BigInt(readFileSync(mark, 'utf8').trim()) / 1_000_000n)
    const beforeMs = at - from
    const inRow = callsInRow(use.calls, at)
    if (round >= 0) rounds.push({ bareMs, result, beforeMs, afterMs: result.ms - beforeMs, inRow, ...use })
    if (!test.isWarm) builder.close()
  }
  if (test.isWarm) builder?.close()
  return rowOf(test, rounds)
}

/**
 * The longest chain of calls in which each was sent after the previous one was answered: among the calls answered before
 * the command, and among those sent after it.
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
    buildMs: of(({ result }) => result.ms),
    slowMs: quantile(
      rounds.map(({ result }) => result.ms),
      0.9,
    ),
    ratio: of(({ result, bareMs }) => result.ms / bareMs),
    overMs: of(({ result, bareMs }) => result.ms - bareMs),
    beforeMs: of(({ beforeMs }) => beforeMs),
    afterMs: of(({ afterMs }) => afterMs),
    calls: of(({ calls }) => calls.length),
    inRow: isFar ? [of(({ inRow }) => inRow[0]), of(({ inRow }) => inRow[1])] : null,
    sentKb: of(({ sentKb }) => sentKb),
    receivedKb: of(({ receivedKb }) => receivedKb),
  }
}

/** @throws Error if the build did not pass, so that failed builds are not measured */
async function expectPassed({ s3 }: BenchServers, number: number, repository: string): Promise<void> {
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  const run = await readRawJobRun(store, { project: `gh/${repository}`, number })
  store.close()
  if (run?.conclusion !== 'passed') throw new Error(`A build of the benchmark did not pass: ${run?.reason}`)
}

/** Bundled, as on Lambda, where modules are loaded on demand while git waits. */
async function bundleBuilder() {
  const directory = mkdtempSync(join(tmpdir(), 'lambci-builder-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const write = async (name: string) => {
    const files = await bundleModule(join(import.meta.dirname, `${name}.ts`), { dynamicImportInCjs: false })
    await writeBundle(files, join(directory, name))
    return join(directory, name, 'index.js')
  }
  return {
    process: await write('build-process'),
    keptCode: await write('kept-code-process'),
    cache: join(directory, 'code'),
  }
}
let bundled: ReturnType<typeof bundleBuilder> | undefined

/** Starts a build process, and waits until it has loaded its modules. */
export async function forkBuilder({ isOnLambda = false } = {}): Promise<ChildProcess> {
  bundled ??= bundleBuilder()
  const builder = await bundled
  const child = isOnLambda ? fork(builder.process) : fork(builder.keptCode, [builder.process, builder.cache])
  await nextMessage(child)
  return child
}

async function startBuilder(test: Pick<BuildCase, 'isOnLambda'>) {
  const child = await forkBuilder(test)
  return {
    build: (request: BuildRequest): Promise<BuildResult> => {
      child.send(request)
      return nextMessage<BuildResult>(child)
    },
    close: () => child.disconnect(),
  }
}

const BARE = `git init -q && git fetch -q --depth 5 "$1" "$2" && git checkout -q "$2" && bash -c "$3" > ../bare.log`

/** Like `runBare`, in a new directory, so that several can run concurrently. */
export async function runBaselineIn(remote: string, commit: string, command: string): Promise<void> {
  const at = mkdtempSync(join(tmpdir(), 'lambci-bare-'))
  mkdirSync(join(at, 'bare'))
  await promisify(execFile)('bash', ['-c', BARE, 'bare', remote, commit, command], { cwd: join(at, 'bare') })
  rmSync(at, { recursive: true, force: true })
}

/** Runs the same work with bare git and bash, over the same transport. Returns milliseconds. */
export function runBare(
  { directory, github }: BenchServers,
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
  const ms = performance.now() - start
  rmSync(join(directory, 'bare.log'))
  return ms
}
