import { type Command, InvalidArgumentError, Option } from 'commander'

const wholeNumber = (text: string) => {
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}

/** Where a stack is, for every command that works on one. */
export const addStackOptions = (command: Command): Command =>
  command
    .option('--stack <name>', 'the stack, by name')
    .option('--bucket <name>', 'the stack, by its bucket')
    .addOption(new Option('--data <dir>', 'where the local system keeps everything').default('.lambci'))

/** The commands with which a stack is set up and run. Each loads what it needs, so that --help is quick. */
export function addAccountCommands(program: Command, end: (code: number) => void): void {
  addStackOptions(program.command('setup'))
    .description('connect a stack with GitHub: asks, or takes files; secrets are never arguments')
    .option('--token-file <file>', 'GitHub token that sets commit statuses')
    .option('--clone-token-file <file>', 'GitHub token that can only read, for private repositories')
    .option('--app-id <n>', 'number of a GitHub App, instead of tokens', wholeNumber)
    .option('--app-key-file <file>', 'its private key (.pem)')
    .option('--slack-token-file <file>', 'bot token of a Slack app, for messages')
    .option('--owners <list>', 'whom to build for: owners, or owner/repo')
    .option('--stdin', 'take all of that as JSON from standard input')
    .option('--rotate-webhook-secret', 'a new webhook secret; the old one counts until the next change')
    .option('--rotate-link-key', 'a new link key: every link to a private page stops working')
    .action(async options => end(await (await import('./setup.ts')).setUp(options)))

  const hook = program.command('hook').description("a repository's webhook on GitHub")
  const tokenFile = () =>
    new Option('--token-file <file>', 'a GitHub token with admin:repo_hook, for this once')
  addStackOptions(hook.command('add <owner/repo>'))
    .description('add it, or bring it up to date')
    .addOption(tokenFile())
    .action(async (repository, options) =>
      end(await (await import('./hook.ts')).addRepositoryHook(repository, options)),
    )
  addStackOptions(hook.command('remove <owner/repo>'))
    .description('remove it')
    .addOption(tokenFile())
    .action(async (repository, options) =>
      end(await (await import('./hook.ts')).removeRepositoryHook(repository, options)),
    )
  addConfigCommands(program, end)
  addSecretCommands(program, end)
  addDeliverCommand(program, end)
  addStageCommands(program, end)
  addStackOptions(program.command('builds'))
    .description("a repository's builds, newest first")
    .argument('<owner/repo>', 'the repository')
    .option('--limit <n>', 'how many', wholeNumber, 20)
    .option('--branch <name>', 'of one branch')
    .option('--cost', 'what each month has cost, of the last thousand builds')
    .option('--json', 'as JSON')
    .action(async (repository, options) =>
      end(await (await import('./builds.ts')).printBuilds(repository, options)),
    )
  addStackOptions(program.command('cancel'))
    .description('end a build that is queued or running; a deploy that has begun is left alone')
    .argument('<build>', 'owner/repo#12, or owner/repo for the newest')
    .option('--json', 'the answer as JSON')
    .action(async (target, options) => end(await (await import('./cancel.ts')).cancelBuild(target, options)))
  addStackOptions(program.command('rebuild'))
    .description('build a commit once more, under a new number')
    .argument('<build>', 'owner/repo#12, or owner/repo for the newest')
    .option('-f, --follow', 'print its log until it ends, with its exit code')
    .option('--json', 'the answer as JSON')
    .action(async (target, options) => end(await (await import('./rebuild.ts')).rebuild(target, options)))
}

function addStageCommands(program: Command, end: (code: number) => void): void {
  const follow = () => new Option('-f, --follow', 'print its log until it ends, with its exit code')
  addStackOptions(program.command('stages'))
    .description('what runs on the stages of a repository')
    .argument('<owner/repo>', 'the repository')
    .option('--json', 'as JSON')
    .action(async (repository, options) =>
      end(await (await import('./stages.ts')).printStages(repository, options)),
    )
  addStackOptions(program.command('deploy'))
    .description('deploy the newest green commit of a stage once more, or another one')
    .argument('<owner/repo>', 'the repository')
    .argument('<stage>', 'the stage')
    .option('--commit <sha>', 'a commit that was pushed to the stage and is green')
    .addOption(follow())
    .option('--json', 'the answer as JSON')
    .action(async (repository, stage, options) =>
      end(await (await import('./deploy.ts')).deployAgain(repository, stage, options)),
    )
  addStackOptions(program.command('rollback'))
    .description('deploy the last commit that was deployed well and is not there now')
    .argument('<owner/repo>', 'the repository')
    .argument('<stage>', 'the stage')
    .addOption(follow())
    .option('--json', 'the answer as JSON')
    .action(async (repository, stage, options) =>
      end(await (await import('./deploy.ts')).rollBack(repository, stage, options)),
    )
}

function addDeliverCommand(program: Command, end: (code: number) => void): void {
  addStackOptions(program.command('deliver'))
    .description('send a payload as GitHub would, signed with the webhook secret')
    .argument('<event>', 'push, pull_request, merge_group, ping')
    .argument('<file>', 'the payload, as JSON; - for standard input')
    .option('--id <id>', 'of an earlier delivery: then this is a redelivery')
    .option('--json', 'the answer as JSON')
    .action(async (event, file, options) =>
      end(await (await import('./deliver.ts')).deliver(event, file, options)),
    )
}

function addConfigCommands(program: Command, end: (code: number) => void): void {
  const config = program
    .command('config')
    .description("the account's settings, for all repositories or for one")
  addStackOptions(config.command('get'))
    .description('print one, or all')
    .argument('[words...]', '[owner/repo] [key]')
    .action(async (words, options) => end(await (await import('./config.ts')).printSetting(words, options)))
  addStackOptions(config.command('set'))
    .description('set one: config set you/project timeout 600')
    .argument('<words...>', '[owner/repo] key value; the value as JSON, or a string')
    .action(async (words, options) => end(await (await import('./config.ts')).changeSetting(words, options)))
  addStackOptions(config.command('unset'))
    .description('take one away')
    .argument('<words...>', '[owner/repo] key')
    .action(async (words, options) => end(await (await import('./config.ts')).dropSetting(words, options)))
}

function addSecretCommands(program: Command, end: (code: number) => void): void {
  const secret = program
    .command('secret')
    .description('secret variables of builds, for all repositories or for one')
  addStackOptions(secret.command('set <name> [owner/repo]'))
    .description('set one; the value comes from a prompt, a file, or standard input')
    .option('--file <file>', 'take the value from a file')
    .action(async (name, repository, options) =>
      end(await (await import('./secret.ts')).storeSecret(name, repository, options)),
    )
  addStackOptions(secret.command('list [owner/repo]'))
    .description('print their names')
    .option('--json', 'as JSON')
    .action(async (repository, options) =>
      end(await (await import('./secret.ts')).printSecrets(repository, options)),
    )
  addStackOptions(secret.command('remove <name> [owner/repo]'))
    .description('remove one')
    .action(async (name, repository, options) =>
      end(await (await import('./secret.ts')).dropSecret(name, repository, options)),
    )
}
