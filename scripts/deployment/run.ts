import { CommanderError, type OptionValues } from 'commander'
import { ROOT } from '../../src/cli/installation.ts'
import { UserError } from '../../src/model/user-error.ts'
import { openAws } from './aws.ts'
import { createContext } from './context.ts'
import { deploy } from './deploy.ts'
import { describeDeploy } from './dry-run.ts'
import { DeployFailure } from './failure.ts'
import type { Io } from './io.ts'
import { createProgram, readOptions } from './options.ts'
import { remove } from './remove.ts'

/**
 * Runs one command line. Returns the exit code: 0 for success, 1 if the deploy failed in AWS, 2 for a user error.
 * @throws any other error, which is a bug
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const program = createProgram(io)
    program.parse(argv, { from: 'user' })
    await deployOrRemove(program.opts(), io)
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof UserError || error instanceof DeployFailure)) throw error
    io.stderr.write(`\ndeploy: ${error.message}\n`)
    return error instanceof UserError ? 2 : 1
  }
}

/**
 * Deploys the stack, or with the option `delete` removes it.
 * @throws UserError for a mistake in the options or something missing on this machine, DeployFailure if it failed in AWS
 */
export async function deployOrRemove(given: OptionValues, io: Io): Promise<void> {
  const options = await readOptions(given, io.env, ROOT)
  const context = createContext(io, await openAws(io, options))
  if (options.delete) await remove(context, options)
  else await (options.dryRun ? describeDeploy : deploy)(context, options, ROOT)
}
