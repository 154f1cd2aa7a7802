import { Command, CommanderError, InvalidArgumentError, type OutputConfiguration } from 'commander'
import { MOST_REPETITIONS } from '../model/repetition.ts'
import { addAccountCommands, addStackOptions, BUILD } from './commands/account-commands.ts'
import { addDeploymentCommands } from './commands/deployment-commands.ts'
import { describeError } from './describe-error.ts'
import { EXIT } from './exit-codes.ts'
import { arrangeHelp } from './help.ts'
import { version } from './installation.ts'
import { beforeSignals } from './interruption.ts'
import { endOutput, type Io, printFault, printNote, printText, processIo } from './io.ts'

const DEFAULT_PORT = 4300
const BUILD_HERE = `${BUILD}; by default the newest of this directory's repository`
/** The width of help that is not printed to a terminal. */
const DEFAULT_WIDTH = 80

const integerBetween = (min: number, max: number) => (text: string) => {
  const number = Number(text)
  if (Number.isInteger(number) && number >= min && number <= max && text.trim() !== '') return number
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
}

/** Runs one command line. Returns the exit code. Everything that it opened is closed by then. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = EXIT.done
  const program = createProgram(io, code => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has already printed its message. --help ends here, too, and is not an error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    const sentence = describeError(error as Error & { code?: string })
    if (sentence) printNote(io, `lambci: ${sentence}`.split('\n'))
    else printFault(io, error)
    return sentence ? EXIT.usage : EXIT.fault
  } finally {
    endOutput(io)
  }
}

/** Runs the command line of this process, and exits once its output is written. */
export async function main(): Promise<never> {
  const { argv, stdout, stderr } = process
  // The reader of a pipe, for example `head`, may close it early.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  stderr.on('error', () => {})
  beforeSignals(() => endOutput(processIo), 'SIGINT', 'SIGTERM')
  const exitCode = await run(argv.slice(2), processIo)
  for (const stream of [stdout, stderr]) await new Promise(written => stream.write('', written))
  return process.exit(exitCode)
}

/** The commands and their options. `end` gets the exit code. */
export function createProgram(io: Io, end: (code: number) => void): Command {
  const program = new Command('lambci')
    .description('Continuous integration in your own AWS account.')
    .version(version, '-V, --version', 'print the version')
    .exitOverride()
    // Options after a command belong to it, even if it has subcommands.
    .enablePositionalOptions()
    .configureOutput(outputOf(io))
    .showHelpAfterError('Use --help for usage.')

  addMachineCommands(program, io, end)
  addWatchCommands(program, io, end)
  addArtifactsCommand(program, io, end)
  addFlakyCommand(program, io, end)
  addDoctorCommand(program, io, end)
  addSchemaCommand(program, io, end)
  addDeploymentCommands(program, io, end)
  addAccountCommands(program, io, end)
  arrangeHelp(program)
  return program
}

/** Each command imports its own modules, so that --help does not load the AWS SDK. */
function addMachineCommands(program: Command, io: Io, end: (code: number) => void): void {
  program
    .command('local')
    .description('run the whole system on this machine and build an example repository')
    .option(
      '--port <n>',
      'first of seven ports; 0 for any free ones',
      integerBetween(0, 65_529),
      DEFAULT_PORT,
    )
    .option('--data <dir>', 'directory for all data (default: .lambci)')
    .option('--once', 'exit after the example build, with its exit code')
    .option('--json', 'print JSON lines: first the addresses, then each build that ends')
    .action(async options => end(await (await import('./commands/local.ts')).runLocal(options, io)))
  program
    .command('run')
    .description(
      'run the build command of a working copy in place, including uncommitted changes; never deploys',
    )
    .argument('[dir]', 'working copy', '.')
    .option('--job <name>', 'the job to run, such as unit or "unit (4/8)"; needed if there are several')
    .action(async (dir, options) =>
      end(await (await import('./commands/run.ts')).runWorkingCopy(dir, options, io)),
    )
  program
    .command('init')
    .description('write a first .lambci.json, based on the files of the project')
    .argument('[dir]', 'directory of the project', '.')
    .option('--cmd <command>', 'the command that tests it, instead of the usual one')
    .option('--no-schema', 'write no lambci.schema.json, with which editors complete and check it')
    .action(async (dir, options) =>
      end(await (await import('./commands/init.ts')).initProject(dir, options, io)),
    )
  addStackOptions(program.command('plan'))
    .description('show what a push or pull request would do, and why')
    .argument('[dir]', 'working copy', '.')
    .option('--branch <name>', 'branch that is pushed, or base branch of the pull request')
    .option('--pr <n>', 'plan for a pull request with this number', integerBetween(1, 2_147_483_647))
    .option('--fork', 'plan for a pull request from a fork')
    .option('--json', 'print the plan as JSON')
    .action(async (dir, options) =>
      end(await (await import('./commands/plan.ts')).printPlan(dir, options, io)),
    )
  addStackOptions(program.command('logs'))
    .description('print the log of a build or of one of its jobs; lists the jobs if there are several')
    .argument('[build]', BUILD_HERE)
    .argument('[job]', 'unit, or "unit (4/8)"')
    .option('--attempt <n>', 'an earlier attempt of the job, which failed or died', integerBetween(1, 9))
    .option('-f, --follow', 'follow all logs until the build ends; exit 0 only if it passed or was skipped')
    .option('--raw', 'print the original bytes, including terminal control sequences')
    .action(async (build, job, options) =>
      end(await (await import('./commands/logs.ts')).printLogs(build, job, options, io)),
    )
}

function addWatchCommands(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('wait'))
    .description('wait until a build has ended, and exit with its exit code')
    .argument('[build]', `${BUILD}; by default that of the commit that is checked out`)
    .option('--timeout <seconds>', 'give up after this time', integerBetween(1, 86_400), 3600)
    .option('--json', 'print the build as JSON')
    .action(async (build, options) =>
      end(await (await import('./commands/wait.ts')).waitForBuild(build, options, io)),
    )
  addStackOptions(program.command('open'))
    .description('open the page of a build or of a repository in a browser')
    .argument('[page]', "12, owner/repo#12 or owner/repo; by default this directory's repository")
    .option('--print', 'print the address, and open nothing')
    .action(async (page, options) =>
      end(await (await import('./commands/open.ts')).openPage(page, options, io)),
    )
  addStackOptions(program.command('repos'))
    .description('list the repositories that have been built, with their newest builds')
    .option('--json', 'print JSON')
    .action(async options => end(await (await import('./commands/repos.ts')).printRepositories(options, io)))
}

function addDoctorCommand(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('doctor'))
    .description('check credentials, stack, image, tokens, webhook and builds, and print what to do')
    .argument('[owner/repo]', 'repository; by default that of this directory')
    .option('--json', 'print JSON')
    .action(async (repository, options) =>
      end(await (await import('./commands/doctor.ts')).examine(repository, options, io)),
    )
}

function addSchemaCommand(program: Command, io: Io, end: (code: number) => void): void {
  program
    .command('schema')
    .description('print the JSON Schema of .lambci.json, for editors: lambci schema > lambci.schema.json')
    .action(async () => end((await import('./commands/schema.ts')).printSchema(io)))
}

function addArtifactsCommand(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('artifacts'))
    .description('list the artifacts of a build, or download and unpack them')
    .argument('[build]', BUILD_HERE)
    .argument('[names...]', 'dist, coverage for all of its cells and shards, or coverage/2-of-8')
    .option('--download <dir>', 'unpack each into DIR/NAME, which must be missing or empty')
    .option('--json', 'print JSON')
    .action(async (build, names, options) =>
      end(await (await import('./commands/artifacts.ts')).printArtifacts(build, names, options, io)),
    )
}

function addFlakyCommand(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('flaky'))
    .description('run a job of a build again, many times at once, and print how often it failed')
    .argument('<build>', BUILD)
    .option('-n, --times <n>', 'how often', integerBetween(1, MOST_REPETITIONS), 20)
    .option('--job <title>', 'which job, such as "unit (4/8)"; by default the first one that failed')
    .option('--json', 'print JSON')
    .action(async (build, options) =>
      end(await (await import('./commands/flaky.ts')).repeatJob(build, options, io)),
    )
}

/** The streams that commander writes to, and the width of its help. */
const outputOf = (io: Io): OutputConfiguration => ({
  writeOut: text => printText(io, text),
  writeErr: text => printNote(io, text.replace(/\n$/, '').split('\n')),
  getOutHelpWidth: () => (io.stdout.isTTY ? io.stdout.columns : undefined) ?? DEFAULT_WIDTH,
  getErrHelpWidth: () => (io.stderr.isTTY ? io.stderr.columns : undefined) ?? DEFAULT_WIDTH,
})
