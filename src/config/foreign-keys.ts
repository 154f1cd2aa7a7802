import { JOB_NAME } from '../model/job.ts'
import { DEFAULTS } from './defaults.ts'
import { isObject } from './json.ts'
import { quote } from './key-path.ts'

const CMD = `"cmd": ${quote(DEFAULTS.cmd)}`
export const IMAGE =
  "is not supported: all builds run in the stack's own image. Remove it, and add tools in image/toolchain.sh (docs/image.md)"

/** The beginning of advice that applies only at the top level. */
export const OF_JOBS = 'belongs to a job'

/** Advice on keys that other CI systems have, as the end of a sentence, and these keys. */
const FOREIGN: readonly (readonly [advice: string, keys: string])[] = [
  ['is planned but not available in this version; remove it for now', 'schedule schedules cron tags preview'],
  [
    `${OF_JOBS}. Write "jobs": {"test": {"cmd": "npm test", "matrix": {"NODE": ["22", "24"]}}}`,
    'matrix strategy include exclude',
  ],
  [
    `${OF_JOBS}. Write "jobs": {"test": {"cmd": "npx vitest --shard $LAMBCI_SHARD/$LAMBCI_SHARDS", "shards": 4}}`,
    'shards shard parallel parallelism',
  ],
  [
    `${OF_JOBS}. Write "jobs": {"build": "npm run build", "test": {"cmd": "npm test", "needs": ["build"]}}`,
    'needs depends-on requires dependencies',
  ],
  [
    `${OF_JOBS}. Write "jobs": {"lint": {"cmd": "npm run lint", "allowFailure": true}}`,
    'allow-failure allow-failures continue-on-error soft-fail',
  ],
  ['is not a known key. Write "failFast": false', 'fail-fast'],
  ['is not a known key. Write "maxParallel": 4', 'max-parallel max-jobs'],
  ['is not a known key. Write "jobs": {"lint": "npm run lint", "test": "npm test"}', 'job'],
  [
    IMAGE,
    'image container docker dockerfile runs-on os dist arch sudo vm pool agents agent executor executors machine resource-class platform platforms compute addons apt apt-packages orbs stack runner',
  ],
  [
    'is not supported: no containers run beside a build. Start what the tests need in "cmd"',
    'services service',
  ],
  [
    'is not a known key: the image has Node 24 and Python 3, and image/toolchain.sh adds other versions and languages (docs/image.md)',
    'language node-js node nodejs node-version python ruby rvm go php jdk java rust dotnet scala perl elixir otp-release compiler',
  ],
  [
    'is not a known key: "branches" and "pullRequests" select what is built. Write "branches": {"main": true}',
    'on when only except rules if trigger triggers pr push workflow workflows branch branches-ignore conditions events',
  ],
  [
    'is not a known key: put it into the command for deploys. Write "deploy": "./prepare.sh && ./deploy.sh"',
    'before-deploy after-deploy deploy-script',
  ],
  [
    'is not a known key: "stages" maps branches to what they are deployed to. Write "stages": {"main": "production"}',
    'stage pipeline pipelines environments deployments',
  ],
  ['is not a known key: set secret variables with "lambci secret set"', 'secrets secret secure'],
  [
    'is not a known key: write "timeout" in seconds, such as "timeout": 600',
    'timeout-minutes timeout-in-minutes job-timeout max-time',
  ],
  [
    'is not a known key. Write "cancelSuperseded": true',
    'concurrency auto-cancel cancel-in-progress interruptible auto-cancel-previous-builds',
  ],
  ['is not a known key. Write "paths": {"exclude": ["docs"]}', 'paths-ignore ignore changes changeset'],
  [
    `is not a known key: change the directory in the command. Write ${CMD.replace('"npm', '"cd DIRECTORY && npm')}`,
    'working-directory workdir cwd directory root',
  ],
  ['is not a known key: commands run in bash. Remove it', 'shell defaults interpreter'],
  ['is not a known key. Write "notifications": {"slack": {"channel": "#builds"}}', 'slack'],
  ['is not a known key: mails are sent by Amazon SNS (docs/notifications.md)', 'email emails mail'],
  [
    'is not a known key, and is not needed. Remove it',
    'version name description permissions kind type project label api-version',
  ],
]

/** Keys of commands, and of commands that run before or after them. */
const COMMANDS =
  'steps step script scripts command commands run task tasks test phases build-commands test-script'
const BEFORE =
  'install before-install before-script pre-build prebuild checkout clone bootstrap setup-commands'
const AFTER =
  'after-script after-success after-failure on-success on-failure post-build always finally after-all post'

export const plainKey = (key: string) => key.toLowerCase().replace(/[-_ ]/g, '')
const keysOf = (text: string) => text.split(' ').map(plainKey)
const ADVICE = new Map(FOREIGN.flatMap(([advice, keys]) => keysOf(keys).map(key => [key, advice] as const)))
const [COMMAND_KEYS, BEFORE_KEYS, AFTER_KEYS] = [COMMANDS, BEFORE, AFTER].map(keys => new Set(keysOf(keys)))

/** Advice on a key that layers have in other CI systems. Null for any other key. */
export function adviseOnForeignKey(key: string, value: unknown): string | null {
  const name = plainKey(key)
  const command = commandIn(value)
  // GitLab has its jobs at the top level.
  if (isObject(value) && command !== null && JOB_NAME.test(key) && !COMMAND_KEYS?.has(name))
    return `is not a known key. Write jobs into "jobs": {${quote(key)}: ${quote(command, 200)}}`
  const write = (text: string) => `is not a known key. Write "cmd": ${quote(text, 200)}`
  if (COMMAND_KEYS?.has(name)) return write(command ?? DEFAULTS.cmd)
  if (BEFORE_KEYS?.has(name)) return write(`${command ?? 'npm ci'} && npm test`)
  if (AFTER_KEYS?.has(name)) return write(`${DEFAULTS.cmd} && ${command ?? './after.sh'}`)
  return ADVICE.get(name) ?? null
}

/** Advice on a key that `notifications` have in other CI systems. Null for any other key. */
export function adviseOnNotification(key: string): string | null {
  const name = plainKey(key)
  if (/^(emails?|mails?|recipients)$/.test(name))
    return 'is not a known key: mails are sent by Amazon SNS. Write "sns": {"topicArn": "arn:aws:sns:…"}, and subscribe the address to the topic'
  if (/^on(success|failure)s?$/.test(name))
    return 'is not a known key. Write "on": "failure" or "on": "change"'
  return /^(webhooks?|irc|hipchat|teams|msteams|discord|telegram)$/.test(name)
    ? 'is not supported: subscribe an HTTPS address or a function to the SNS topic (docs/notifications.md)'
    : null
}

/** A command that was written as a list, or as steps with a command each. Null if there is none. */
export function commandIn(value: unknown): string | null {
  const commands = commandsIn(value)
  return commands.length > 0 ? commands.join(' && ') : null
}

/** The commands in a text, a list, or steps with a command each. */
export function commandsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.trim() === '' ? [] : [value.trim()]
  if (isObject(value))
    return commandsIn(
      value.run ?? value.command ?? value.script ?? value.cmd ?? value.commands ?? value.steps,
    )
  // Nesting is limited by the parser.
  return Array.isArray(value) ? value.flatMap(commandsIn) : []
}
