import { join } from 'node:path'
import { CommanderError } from 'commander'
import { openAws } from './aws.ts'
import { deploy } from './deploy.ts'
import { describeDeploy } from './dry-run.ts'
import { createProgram, readOptions } from './options.ts'
import { remove } from './remove.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** Answers the exit code: 0 done, 1 the deploy failed, 2 wrong use or something missing. */
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
    const { name, message } = error as Error
    if (name !== 'UserError' && name !== 'DeployFailure') throw error
    console.error(`\ndeploy: ${message}`)
    return name === 'UserError' ? 2 : 1
  }
}

process.exitCode = await main(process.argv.slice(2))
