import { join } from 'node:path'
import { CommanderError } from 'commander'
import { UserError } from '../../src/model/user-error.ts'
import { openAws } from './aws.ts'
import { createContext } from './context.ts'
import { deploy } from './deploy.ts'
import { describeDeploy } from './dry-run.ts'
import { DeployFailure } from './failure.ts'
import type { Io } from './io.ts'
import { createProgram, readOptions } from './options.ts'
import { remove } from './remove.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/**
 * Runs one command line. Returns the exit code: 0 for success, 1 if the deploy failed in AWS, 2 for a user error.
 * @throws any other error, which is a bug
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    const program = createProgram(io)
    program.parse(argv, { from: 'user' })
    const options = await readOptions(program, io.env, ROOT)
    const context = createContext(io, await openAws(io, options))
    if (options.delete) await remove(context, options)
    else await (options.dryRun ? describeDeploy : deploy)(context, options, ROOT)
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof UserError || error instanceof DeployFailure)) throw error
    io.stderr.write(`\ndeploy: ${error.message}\n`)
    return error instanceof UserError ? 2 : 1
  }
}
