import { homedir, tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { describeBackgroundEnd } from '../../command/background-output.ts'
import { runCommand } from '../../command/run-command.ts'
import { userName } from '../../command/user-name.ts'
import { runnerLine } from '../../log/runner-line.ts'
import { describeDuration } from '../../model/duration.ts'
import { reasonOfExit, succeeded } from '../../model/exit.ts'
import { ONLY_JOB } from '../../model/job.ts'
import { commandEnvironment } from '../../planning/environment.ts'
import { requireCommand, requireUsableFiles } from '../../planning/plan.ts'
import { forwardedVariables } from '../forwarded-variables.ts'
import { onInterruption } from '../interruption.ts'
import { type Io, printBytes } from '../io.ts'
import { planWorkingCopy } from './plan.ts'

/**
 * `lambci run`: runs the build command of a working copy in place, as a push of its branch would, including uncommitted
 * changes. Never deploys. Builds even a branch that a push would not build. Returns the exit code.
 */
export async function runWorkingCopy(directory: string, io: Io): Promise<number> {
  const print = (text: string) => io.stdout.write(runnerLine(text))
  const { build, resolved, plan } = await planWorkingCopy(directory, {})
  requireUsableFiles(resolved)
  requireCommand(resolved)
  const { cmd, timeout } = resolved.config
  for (const note of resolved.notes) print(note)
  if (!plan.build && build.branch !== 'HEAD') print(`A push would not be built. ${plan.reason}`)
  const env = commandEnvironment({
    build,
    config: resolved.config,
    step: { name: ONLY_JOB, shard: null, isStrict: false, env: {} },
    buildUrl: build.baseUrl,
    runtime: {
      user: userName(),
      home: homedir(),
      temp: tmpdir(),
      path: io.env.PATH ?? '',
      region: 'us-east-1',
      requestId: 'local',
    },
    secrets: {},
  })
  using interruption = onInterruption('SIGINT')
  print(`$ ${cmd}`)
  const { exit, durationMs, background } = await runCommand({
    command: cmd,
    cwd: resolve(directory),
    env: { ...forwardedVariables(io.env), ...env },
    deadline: timeout === null ? null : Date.now() + timeout * 1000,
    onOutput: bytes => printBytes(io, bytes),
    signal: interruption.signal,
  })
  const missing = describeBackgroundEnd(background)
  if (missing !== null) print(missing)
  print(reasonOfExit(cmd, exit) ?? `Passed in ${describeDuration(durationMs)}`)
  return succeeded(exit) ? 0 : 1
}
