import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Io } from '../io.ts'

const positiveInteger = (text: string) => {
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

/** The build that a command changes. There is no default, because the shell takes `#12` without quotes for a comment. */
export const BUILD =
  "12 of this repository, owner/repo#12, the address of its page; '.' or owner/repo: the newest"
const REPOSITORY = 'repository; by default that of this directory'
const followOption = () =>
  new Option('-f, --follow', 'follow the log until the build ends; exit 0 only if it passed or was skipped')

/** Adds the options that select a stack. */
export const addStackOptions = (command: Command): Command =>
  command
    .option('--stack <name>', 'name of the CloudFormation stack')
    .option('--bucket <name>', "name of the stack's bucket")
    .option('--data <dir>', 'data directory of a local system')

/** Adds the commands that set up and operate a stack. Each imports its own modules, so that --help is quick. */
export function addAccountCommands(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('setup'))
    .description('connect a stack to GitHub; prompts, or reads secrets from files, never from arguments')
    .option('--token-file <file>', 'GitHub token that may set commit statuses')
    .option('--clone-token-file <file>', 'read-only GitHub token, for private repositories')
    .option('--app-id <n>', 'id of a GitHub App, instead of tokens', positiveInteger)
    .option('--app-key-file <file>', 'private key of the App (.pem)')
    .option('--slack-token-file <file>', 'bot token of a Slack app, for notifications')
    .option('--owners <list>', 'owners or repositories (owner/repo) to build, comma-separated')
    .option('--stdin', 'read all of these as JSON from standard input')
    .option(
      '--rotate-webhook-secret',
      'create a new webhook secret; the old one stays valid until the next rotation',
    )
    .option('--refuse-shared-secret', 'refuse webhooks that still have the shared secret of the stack')
    .option('--rotate-link-key', 'create a new link key; all links to private pages stop working')
    .action(async options => end(await (await import('./setup.ts')).setUp(options, io)))

  addHookCommands(program, io, end)
  addAdoptCommand(program, io, end)
  addConfigCommands(program, io, end)
  addSecretCommands(program, io, end)
  addDeliverCommand(program, io, end)
  addStageCommands(program, io, end)
  addBuildCommands(program, io, end)
}

function addBuildCommands(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('builds'))
    .description('list the builds of a repository, newest first')
    .argument('[owner/repo]', REPOSITORY)
    .option('--limit <n>', 'maximum number of builds', positiveInteger, 20)
    .option('--branch <name>', 'only builds of this branch')
    .option('--cost', 'show what all builds of each month have cost instead')
    .option('--json', 'print JSON')
    .action(async (repository, options) =>
      end(await (await import('./builds.ts')).printBuilds(repository, options, io)),
    )
  addStackOptions(program.command('cancel'))
    .description('cancel a queued or running build; a deploy that has started is not interrupted')
    .argument('<build>', BUILD)
    .option('--json', 'print JSON')
    .action(async (target, options) =>
      end(await (await import('./cancel.ts')).cancelBuild(target, options, io)),
    )
  addStackOptions(program.command('approve'))
    .description('start a build that waits for approval, such as the pull request of a stranger')
    .argument('<build>', '12 of this repository, owner/repo#12, or the address of its page')
    .option('--json', 'print JSON')
    .action(async (target, options) =>
      end(await (await import('./approve.ts')).approveBuild(target, options, io)),
    )
  addStackOptions(program.command('rebuild'))
    .description('build the same commit again, under a new number')
    .argument('<build>', BUILD)
    .option('--failed', 'run only the jobs that have not passed, and take over the others')
    .addOption(followOption())
    .option('--json', 'print JSON')
    .action(async (target, options) => end(await (await import('./rebuild.ts')).rebuild(target, options, io)))
}

function addHookCommands(program: Command, io: Io, end: (code: number) => void): void {
  const hook = program.command('hook').description('manage the webhook of a repository on GitHub')
  const tokenFile = () =>
    new Option('--token-file <file>', 'GitHub token with admin:repo_hook, used only for this command')
  addStackOptions(hook.command('add [owner/repo]'))
    .description('add the webhook, or update it')
    .addOption(tokenFile())
    .action(async (repository, options) =>
      end(await (await import('./hook.ts')).addRepositoryHook(repository, options, io)),
    )
  addStackOptions(hook.command('secret <owner/repo>'))
    .description('print the secret for a webhook that you make yourself, of a repository or an organization')
    .addOption(tokenFile())
    .action(async (target, options) =>
      end(await (await import('./hook-secret.ts')).printHookSecret(target, options, io)),
    )
  addStackOptions(hook.command('list'))
    .description('list the repositories, and what their webhooks sign with')
    .option('--json', 'print JSON')
    .action(async options => end(await (await import('./hook-list.ts')).listHooks(options, io)))
  addStackOptions(hook.command('remove <owner/repo>'))
    .description('remove the webhook')
    .addOption(tokenFile())
    .action(async (repository, options) =>
      end(await (await import('./hook.ts')).removeRepositoryHook(repository, options, io)),
    )
}

function addAdoptCommand(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('adopt'))
    .description('build the repository that has taken over a name from another one')
    .argument('<owner/repo>', 'repository')
    .action(async (repository, options) =>
      end(await (await import('./adopt.ts')).adoptRepository(repository, options, io)),
    )
}

function addStageCommands(program: Command, io: Io, end: (code: number) => void): void {
  const stages = addStackOptions(program.command('stages'))
    // Options after `adopt` belong to it.
    .enablePositionalOptions()
    .description('show what is deployed to the stages of a repository')
    .argument('[owner/repo]', REPOSITORY)
    .option('--json', 'print JSON')
    .action(async (repository, options) =>
      end(await (await import('./stages.ts')).printStages(repository, options, io)),
    )
  addStackOptions(stages.command('adopt'))
    .description('give a stage to other branches than the one that deployed to it first')
    .usage('[options] [owner/repo] <stage> <branch...>')
    .argument(
      '<words...>',
      'the repository, by default that of this directory; the stage; its branches from now on',
    )
    .option('--json', 'print JSON')
    .action(async (words, options) => end(await (await import('./adopt-stage.ts')).adopt(words, options, io)))
  addStackOptions(program.command('deploy'))
    .description('deploy the newest passed commit of a stage, or another one')
    .usage('[options] [owner/repo] <stage>')
    .argument('<words...>', 'the stage; before it the repository, by default that of this directory')
    .option('--build <n>', 'the commit of this build, whose tests have passed', positiveInteger)
    .option('--commit <sha>', 'a commit that was pushed to the branch of the stage and passed')
    .addOption(followOption())
    .option('--json', 'print JSON')
    .action(async (words, options) =>
      end(await (await import('./deploy.ts')).deployAgain(words, options, io)),
    )
  addStackOptions(program.command('rollback'))
    .description('deploy the last successfully deployed commit other than the current one')
    .usage('[options] [owner/repo] <stage>')
    .argument('<words...>', 'the stage; before it the repository, by default that of this directory')
    .addOption(followOption())
    .option('--json', 'print JSON')
    .action(async (words, options) => end(await (await import('./deploy.ts')).rollBack(words, options, io)))
  addHoldCommands(program, io, end)
}

function addHoldCommands(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('hold'))
    .description('stop pushes from deploying to a stage; deploys by hand still work')
    .usage('[options] [owner/repo] <stage>')
    .argument('<words...>', 'the stage; before it the repository, by default that of this directory')
    .option('--json', 'print JSON')
    .action(async (words, options) => end(await (await import('./hold.ts')).hold(words, options, io)))
  addStackOptions(program.command('release'))
    .description('let pushes deploy to a stage that is held')
    .usage('[options] [owner/repo] <stage>')
    .argument('<words...>', 'the stage; before it the repository, by default that of this directory')
    .option('--json', 'print JSON')
    .action(async (words, options) => end(await (await import('./hold.ts')).release(words, options, io)))
}

function addDeliverCommand(program: Command, io: Io, end: (code: number) => void): void {
  addStackOptions(program.command('deliver'))
    .description('send a payload as GitHub would; one that was delivered before is delivered again')
    .argument('<event>', 'push, pull_request, merge_group or ping')
    .argument('<file>', 'JSON file with the payload; - for standard input')
    .option('--json', 'print JSON')
    .action(async (event, file, options) =>
      end(await (await import('./deliver.ts')).deliver(event, file, options, io)),
    )
}

function addConfigCommands(program: Command, io: Io, end: (code: number) => void): void {
  const config = program
    .command('config')
    .description('read and change settings, for all repositories or for one')
  addStackOptions(config.command('get'))
    .description('print one setting, or all')
    .argument('[words...]', '[owner/repo] [key]')
    .action(async (words, options) =>
      end(await (await import('./config.ts')).printSetting(words, options, io)),
    )
  addStackOptions(config.command('set'))
    .description('change a setting, for example: config set you/project timeout 600')
    .argument('<words...>', '[owner/repo] key value; the value is JSON or a plain string')
    .action(async (words, options) =>
      end(await (await import('./config.ts')).changeSetting(words, options, io)),
    )
  addStackOptions(config.command('unset'))
    .description('remove a setting')
    .argument('<words...>', '[owner/repo] key')
    .action(async (words, options) =>
      end(await (await import('./config.ts')).removeSetting(words, options, io)),
    )
}

function addSecretCommands(program: Command, io: Io, end: (code: number) => void): void {
  const secret = program
    .command('secret')
    .description(
      'manage secret variables of builds, for all repositories, for one, or for its deploys to a stage',
    )
  const stageOption = () =>
    new Option('--stage <name>', "only for deploys to this stage of the repository; '*' for every stage")
  addStackOptions(secret.command('set <name> [owner/repo]'))
    .description('set a secret; the value comes from a prompt, a file or standard input')
    .addOption(stageOption())
    .option('--file <file>', 'read the value from a file')
    .action(async (name, repository, options) =>
      end(await (await import('./secret.ts')).storeSecret(name, repository, options, io)),
    )
  addStackOptions(secret.command('list [owner/repo]'))
    .description('list the names of secrets, and the stages that they are for')
    .addOption(stageOption())
    .option('--json', 'print JSON')
    .action(async (repository, options) =>
      end(await (await import('./secret.ts')).printSecrets(repository, options, io)),
    )
  addStackOptions(secret.command('remove <name> [owner/repo]'))
    .description('remove a secret')
    .addOption(stageOption())
    .action(async (name, repository, options) =>
      end(await (await import('./secret.ts')).deleteSecret(name, repository, options, io)),
    )
}
