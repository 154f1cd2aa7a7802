import { execFileSync, fork } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../src/build/store.ts'
import type { BuildAsked, BuildTook } from './build-process.ts'
import type { LogCase } from './cases.ts'
import { answer, type Ground } from './ground.ts'
import { BUCKET, KEYS, orderOf, REPOSITORY, SECRETS_KEY } from './job.ts'
import { median } from './numbers.ts'

export type LogRow = {
  name: string
  bareMs: number
  buildMs: number
  ratio: number
  /** Of the build process, above what it had before it began. */
  memoryMb: number
  /** Bytes sent to S3 for each byte of the log. */
  sent: number
}

let lastNumber = 0

/** Builds that write much, each beside the same command into a file: rounds in turn, medians. */
export async function benchLog(wanted: LogCase, ground: Ground): Promise<LogRow> {
  const commit = pushProject(ground, wanted.command)
  if (wanted.hasSecrets) await putSecrets(ground)
  const rounds: { bareMs: number; took: BuildTook; sent: number }[] = []
  for (let round = 0; round < wanted.rounds; round++) {
    const bareMs = runBare(ground, commit, wanted.command)
    await ground.receivedBytes()
    const took = await runBuild(ground, wanted, commit)
    rounds.push({ bareMs, took, sent: (await ground.receivedBytes()) / wanted.bytes })
  }
  const bareMs = median(rounds.map(round => round.bareMs))
  const buildMs = median(rounds.map(({ took }) => took.ms))
  return {
    name: wanted.name,
    bareMs,
    buildMs,
    ratio: median(rounds.map(({ bareMs, took }) => took.ms / bareMs)),
    memoryMb: Math.max(...rounds.map(({ took }) => took.peakMb - took.idleMb)),
    sent: median(rounds.map(({ sent }) => sent)),
  }
}

/** A repository with nothing but this command; answers the commit that the server now has. */
function pushProject({ directory, github }: Ground, command: string): string {
  const at = join(directory, 'project')
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.com', ...args], { cwd: at })
  if (!existsSync(at)) {
    mkdirSync(at)
    git('init', '--quiet')
  }
  writeFileSync(join(at, '.lambci.json'), JSON.stringify({ cmd: command }))
  git('add', '--all')
  git('commit', '--quiet', '--allow-empty', '--message', 'A commit')
  git('push', '--quiet', '--force', `${github}/${REPOSITORY}.git`, 'HEAD:master')
  return git('rev-parse', 'HEAD').toString().trim()
}

const putSecrets = ({ s3 }: Ground) => {
  const names = Array.from({ length: 10 }, (_, index) => `SECRET_${index}`)
  const secrets = Object.fromEntries(
    names.map(name => [name, `${name.toLowerCase()}-of-the-bench-0123456789`]),
  )
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  return store.put(SECRETS_KEY, JSON.stringify(secrets), 'application/json')
}

/** What a person would type, over the same transport: milliseconds. */
function runBare({ directory, github }: Ground, commit: string, command: string): number {
  const at = join(directory, 'bare')
  rmSync(at, { recursive: true, force: true })
  mkdirSync(at)
  const script = `git init -q && git fetch -q --depth 5 "$1" "$2" && git checkout -q "$2" && bash -c "$3" > ../bare.log`
  const start = performance.now()
  execFileSync('bash', ['-c', script, 'bare', `${github}/${REPOSITORY}.git`, commit, command], {
    cwd: at,
    stdio: 'ignore',
  })
  const took = performance.now() - start
  rmSync(join(directory, 'bare.log'))
  return took
}

async function runBuild(
  { directory, s3, github }: Ground,
  wanted: LogCase,
  commit: string,
): Promise<BuildTook> {
  const child = fork(join(import.meta.dirname, 'build-process.ts'), {
    execArgv: process.env.PROF ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof'] : [],
  })
  await answer(child)
  const number = ++lastNumber
  const asked: BuildAsked = {
    order: orderOf(commit, number, wanted.hasSecrets ?? false),
    s3,
    github,
    directory,
    ...(wanted.logLimit !== undefined && { logLimit: wanted.logLimit }),
  }
  child.send(asked)
  const took = await answer<BuildTook>(child)
  child.disconnect()
  await demandWholeLog(s3, number, wanted.bytes)
  return took
}

/** A number counts only for a build that did its work; then its log goes, for tmpfs is memory. */
async function demandWholeLog(s3: string, number: number, bytes: number): Promise<void> {
  const store = openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' })
  const build = `gh/${REPOSITORY}/builds/${number}/`
  const entries = await store.list(build)
  const log = entries.find(({ key }) => key === `${build}log.txt`)
  if (!log || log.size < bytes)
    throw new Error(`${build}log.txt holds ${log?.size ?? 'no'} bytes of ${bytes}`)
  await Promise.all(entries.map(({ key }) => store.remove(key)))
}
