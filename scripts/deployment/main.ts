import { join } from 'node:path'
import { CommanderError } from 'commander'
import { UserError } from '../../src/model/user-error.ts'
import { openAws } from './aws.ts'
import { deploy } from './deploy.ts'
import { describeDeploy } from './dry-run.ts'
import { DeployFailure } from './failure.ts'
import { createProgram, readOptions } from './options.ts'
import { remove } from './remove.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** Returns the exit code: 0 for success, 1 if the deploy failed in AWS, 2 for a user error. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    const program = createProgram()
    program.parse(argv, { from: 'user' })
    const options = await readOptions(program, ROOT)
    const aws = await openAws(options)
    if (options.delete) await remove(aws, options)
    else await (options.dryRun ? describeDeploy : deploy)(aws, options, ROOT)
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof UserError || error instanceof DeployFailure)) throw error
    console.error(`\ndeploy: ${error.message}`)
    return error instanceof UserError ? 2 : 1
  }
}

process.exitCode = await main(process.argv.slice(2))
