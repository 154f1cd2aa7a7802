import type { Command } from 'commander'

/** The groups of `lambci --help`, in order, with the commands of each. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'On this machine:': ['init', 'plan', 'run', 'local', 'schema'],
  'Builds:': [
    'builds',
    'logs',
    'wait',
    'open',
    'artifacts',
    'rebuild',
    'cancel',
    'approve',
    'flaky',
    'repos',
  ],
  'Deploys:': ['stages', 'deploy', 'rollback', 'hold', 'release'],
  'The stack and its repositories:': [
    ...['up', 'down', 'setup', 'doctor', 'hook', 'adopt', 'config', 'secret', 'deliver'],
  ],
}

/** The most common command lines, by the words of the command. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  init: ['lambci init', 'lambci init --cmd "make test"'],
  plan: ['lambci plan', 'lambci plan --branch qa', 'lambci plan --pr 7 --fork'],
  run: ['lambci run', 'lambci run ../project --job "unit (4/8)"'],
  local: ['lambci local', 'lambci local --once --port 0 --data /tmp/ci'],
  schema: ['lambci schema > lambci.schema.json'],
  builds: ['lambci builds', 'lambci builds you/project --branch qa --limit 5', 'lambci builds --cost'],
  logs: [
    'lambci logs',
    'lambci logs -f',
    'lambci logs 12 unit',
    'lambci logs \'you/project#12\' "unit (4/8)"',
  ],
  wait: ['git push && lambci wait', 'lambci wait 12 --timeout 600'],
  open: ['lambci open', 'lambci open 12', 'lambci open you/project --print'],
  artifacts: ['lambci artifacts', 'lambci artifacts 12 dist --download out'],
  rebuild: ['lambci rebuild 12 --follow', 'lambci rebuild . --failed'],
  cancel: ['lambci cancel 12', 'lambci cancel .'],
  approve: ['lambci approve 12'],
  flaky: ['lambci flaky 12 -n 20', 'lambci flaky 12 --job "unit (4/8)"'],
  repos: ['lambci repos', 'lambci repos --json'],
  stages: ['lambci stages', 'lambci stages you/project --json'],
  'stages adopt': ['lambci stages adopt qa master hotfix'],
  deploy: ['lambci deploy qa --follow', 'lambci deploy you/project qa --build 12'],
  rollback: ['lambci rollback production --follow'],
  hold: ['lambci hold production'],
  release: ['lambci release production'],
  up: ['lambci up --email you@example.com', 'lambci up --dry-run', 'lambci up --param Toolchains=go,php'],
  down: ['lambci down --dry-run', 'lambci down'],
  setup: ['lambci setup', 'lambci setup --token-file token --owners you,them/project'],
  doctor: ['lambci doctor', 'lambci doctor you/project'],
  'hook add': ['lambci hook add', 'lambci hook add you/project --token-file admin'],
  'hook secret': ['lambci hook secret you/project'],
  'hook list': ['lambci hook list'],
  'hook remove': ['lambci hook remove you/project'],
  adopt: ['lambci adopt you/project'],
  'config get': ['lambci config get', 'lambci config get . timeout'],
  'config set': ['lambci config set . timeout 600', 'lambci config set allow \'["you"]\''],
  'config unset': ['lambci config unset . timeout'],
  'secret set': ['lambci secret set NPM_TOKEN .', 'lambci secret set API_KEY . --stage production'],
  'secret list': ['lambci secret list .'],
  'secret remove': ['lambci secret remove NPM_TOKEN .'],
  deliver: ['lambci deliver push payload.json'],
}

/** Groups the commands, and puts examples below the help of each. */
export function arrangeHelp(program: Command): void {
  for (const command of program.commands) {
    const [heading] = Object.entries(GROUPS).find(([, names]) => names.includes(command.name())) ?? []
    if (heading !== undefined) command.helpGroup(heading)
    addExamples(command, command.name())
  }
  program.addHelpText(
    'after',
    '\nIn a working copy, the repository is that of its remote, and a build is 12 (in quotes also "#12").\n"lambci COMMAND --help" shows examples.',
  )
}

function addExamples(command: Command, name: string): void {
  const examples = EXAMPLES[name] ?? []
  if (examples.length > 0)
    command.addHelpText('after', ['', 'Examples:', ...examples.map(each => `  ${each}`)].join('\n'))
  for (const each of command.commands) addExamples(each, `${name} ${each.name()}`)
}
