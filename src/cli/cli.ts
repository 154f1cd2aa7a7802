import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { addAccountCommands, addStackOptions } from './commands/account-program.ts'

const DEFAULT_PORT = 4300

const wholeNumber = (least: number, most: number) => (text: string) => {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most && text.trim() !== '') return number
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
}

/** Runs one command line; answers the exit code: 0 done, 1 the build failed, 2 wrong use. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const program = createProgram(code => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has said what is wrong already; asking for help is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const sentence = describeError(error as Error & { code?: string })
    console.error(sentence ? `lambci: ${sentence}` : error)
    // At once: a start that failed half-way leaves servers open.
    process.exit(sentence ? 2 : 1)
  }
}

/** What a person can do something about, in a sentence; null for a fault of ours, which keeps its stack. */
function describeError({ name, message, code }: Error & { code?: string }): string | null {
  if (name === 'Problem') return message
  if (name === 'ExitPromptError') return 'Interrupted. Nothing has been written.'
  if (code === 'ECONNREFUSED')
    return `Nothing answers (${message}). Is the local system running? Start it with "lambci local".`
  if (message === 'Region is missing') return 'No AWS region is set: set AWS_REGION.'
  const isOfAws = [
    'CredentialsProviderError',
    'NoSuchBucket',
    'AccessDenied',
    'InvalidAccessKeyId',
    'ExpiredToken',
  ]
  return isOfAws.includes(name)
    ? `AWS says: ${message} Check your credentials, the region and the bucket.`
    : null
}

function createProgram(end: (code: number) => void): Command {
  const program = new Command('lambci')
    .description('Continuous integration in your own AWS account.')
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')

  // Each command loads what it needs, so that --help does not wait for the AWS SDK.
  program
    .command('local')
    .description('the whole system on this machine, shown on an example repository')
    .option('--port <n>', 'first of six ports, 0 for any', wholeNumber(0, 65_530), DEFAULT_PORT)
    .addOption(new Option('--data <dir>', 'where it keeps everything').default('.lambci'))
    .option('--once', "end after the example's build, with its exit code")
    .option('--json', 'one line of JSON: the addresses first, then each build that ends')
    .action(async options => end(await (await import('./commands/local.ts')).runLocal(options)))
  program
    .command('run')
    .description('build a working copy in place, dirty or not, without a deploy')
    .argument('[dir]', 'the working copy', '.')
    .action(async dir => end(await (await import('./commands/run.ts')).runWorkingCopy(dir)))
  program
    .command('plan')
    .description('say what a push or a pull request would do, and why')
    .argument('[dir]', 'the working copy', '.')
    .option('--branch <name>', 'the branch pushed, or the base of the pull request')
    .option('--pr <n>', 'as a pull request', wholeNumber(1, 2_147_483_647))
    .option('--fork', 'as a pull request from a fork')
    .option('--json', 'the plan as JSON')
    .action(async (dir, options) => end(await (await import('./commands/plan.ts')).printPlan(dir, options)))
  addStackOptions(program.command('logs'))
    .description("print a build's log")
    .argument('<build>', 'owner/repo#12, or owner/repo for the newest')
    .option('-f, --follow', 'go on until the build ends, with its exit code')
    .action(async (build, options) =>
      end(await (await import('./commands/logs.ts')).printLogs(build, options)),
    )
  addAccountCommands(program, end)
  return program
}

// Whoever reads us, as `head` does, may leave before the end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await main(process.argv.slice(2))
