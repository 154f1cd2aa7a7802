import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describeBackgroundEnd } from '../../command/background-output.ts'
import { runCommands } from '../../command/run-commands.ts'
import { userName } from '../../command/user-name.ts'
import { writeFiles } from '../../command/write-files.ts'
import { runnerLine } from '../../log/runner-line.ts'
import type { Build } from '../../model/build.ts'
import { describeDuration } from '../../model/duration.ts'
import { reasonOfExit, succeeded } from '../../model/exit.ts'
import { titleOf } from '../../model/job.ts'
import { commandEnvironment } from '../../planning/environment.ts'
import { requireCommand, requireUsableFiles } from '../../planning/plan.ts'
import type { AssignedJob } from '../../planning/planned-job.ts'
import { forwardedVariables } from '../forwarded-variables.ts'
import { onInterruption } from '../interruption.ts'
import { type Io, printBytes, printText } from '../io.ts'
import { homeDirectory } from '../user.ts'
import { chooseJobs } from './choose-jobs.ts'
import { type PlannedBuild, planWorkingCopy } from './plan.ts'

const LINE_FEED = 0x0a

/**
 * `lambci run`: runs a job of a working copy in place, as a push of its branch would, including uncommitted changes. Its cells and shards
 * run one after another. Never deploys. Builds even a branch that a push would not build. Returns the exit code.
 */
export async function runWorkingCopy(directory: string, { job }: { job?: string }, io: Io): Promise<number> {
  const print = (text: string) => printText(io, runnerLine(text))
  const { build, resolved, plan } = await planWorkingCopy(directory, {}, io)
  requireUsableFiles(resolved)
  requireCommand(resolved)
  const { jobs, notes } = chooseJobs(job, build, resolved)
  for (const note of [...resolved.notes, ...notes]) print(note)
  if (!plan.build && build.branch !== 'HEAD') print(`A push would not be built. ${plan.reason}`)
  using interruption = onInterruption('SIGINT', 'SIGTERM')
  const context = { build, resolved, directory, signal: interruption.signal, print }
  const failed: string[] = []
  for (const each of jobs) {
    if (jobs.length > 1) print(titleOf(each))
    if (!(await runOne(each, context, io))) failed.push(titleOf(each))
    if (interruption.signal.aborted) break
  }
  if (jobs.length > 1 && failed.length > 0)
    print(`${failed.length} of ${jobs.length} jobs failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}

type RunContext = Pick<PlannedBuild, 'resolved'> & {
  build: Build
  directory: string
  signal: AbortSignal
  print: (text: string) => void
}

/** Returns whether it passed. */
async function runOne(
  job: AssignedJob,
  { build, resolved, directory, signal, print }: RunContext,
  io: Io,
): Promise<boolean> {
  const { command, timeoutSeconds } = job
  using temp = temporaryDirectory()
  const env = commandEnvironment({
    build,
    config: resolved.config,
    step: job,
    filesPath: job.files && writeFiles(temp.path, job.files.own),
    buildUrl: build.baseUrl,
    runtime: {
      user: userName(),
      home: homeDirectory(),
      temp: tmpdir(),
      path: io.env.PATH ?? '',
      region: 'us-east-1',
      requestId: 'local',
    },
    secrets: {},
  })
  let endsLine = true
  const printLine = (text: string) => {
    if (!endsLine) printText(io, '\n')
    endsLine = true
    print(text)
  }
  const { exit, durationMs, background, last } = await runCommands(job, {
    cwd: resolve(directory),
    env: { ...forwardedVariables(io.env), ...env },
    deadline: timeoutSeconds === null ? null : Date.now() + timeoutSeconds * 1000,
    onCommand: async each => printLine(`$ ${each.command}`),
    onOutput: bytes => {
      endsLine = bytes.at(-1) === LINE_FEED
      return printBytes(io, bytes)
    },
    signal,
  })
  const missing = describeBackgroundEnd(background)
  if (missing !== null) printLine(missing)
  printLine(reasonOfExit(last?.command ?? command, exit) ?? `Passed in ${describeDuration(durationMs)}`)
  return succeeded(exit)
}

function temporaryDirectory(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'lambci-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
