import { adviseOnForeignKey, commandsIn, IMAGE, OF_JOBS, plainKey } from '../foreign-keys.ts'
import { isObject } from '../json.ts'
import { quote } from '../key-path.ts'

const MAX_LENGTH = 200

/** Advice on keys that jobs have in other systems, as the end of a sentence, and these keys. */
const FOREIGN: readonly (readonly [advice: string, keys: string])[] = [
  [IMAGE, 'tags runner'],
  [
    'is not supported: there are no actions here. Write the command itself, such as "cmd": "npm ci && npm test"',
    'uses with action plugins plugin',
  ],
  [
    'is not a known key: jobs run at the same time, unless one needs another. Write "needs": ["build"]',
    'stage stages pipeline order',
  ],
  [
    'is not a known key. Write "branches": ["main"], "on": "push" or "paths": ["src"]',
    'if only except rules when trigger triggers condition conditions filters branch branches-ignore events event',
  ],
  [
    'is not a known key. Write "allowFailure": true',
    'continue-on-error soft-fail allow-failures optional may-fail',
  ],
  [
    'is not a known key. Write "artifacts": ["dist"]',
    'outputs output upload artifact artifact-paths store-artifacts persist-to-workspace save',
  ],
  [
    'is not a known key. Write "tests": ["reports/**/*.xml"]',
    'reports report junit test-results store-test-results test-reports test-report',
  ],
  [
    'is not supported: write out each job. "env", "setup", "timeout" and "cache" at the top level are defaults of all jobs',
    'extends template inherit defaults anchors',
  ],
  [
    'is not needed: the key of a job is its name. Remove it',
    'name label id key display-name title description type kind permissions',
  ],
  [
    'can only be set at the top level, beside "jobs"',
    'fail-fast max-parallel jobs deploy build notifications pull-requests git inherit-secrets cancel-superseded allow-config-overrides',
  ],
  [
    'is not a known key. Write "cancelSuperseded": true at the top level',
    'concurrency interruptible auto-cancel cancel-in-progress resource-group',
  ],
  ['is not a known key. Write "paths": {"exclude": ["docs"]}', 'paths-ignore ignore changes changeset'],
]
const ADVICE = new Map(
  FOREIGN.flatMap(([advice, keys]) => keys.split(' ').map(key => [plainKey(key), advice] as const)),
)

const COMMANDS = keys(
  'steps step script scripts command commands run task tasks exec test-script build-commands',
)
const BEFORE = keys(
  'before-script before-install install pre pre-build prebuild before checkout setup-commands bootstrap',
)
const AFTER = keys(
  'after-script after-success after-failure after post post-build always finally on-success on-failure',
)
const NEEDS = keys('depends-on depends dependencies requires require needed upstream wait-for')
const SHARDS = keys('parallel parallelism shard concurrency-level split')
const MINUTES = keys('timeout-minutes timeout-in-minutes')

function keys(text: string): ReadonlySet<string> {
  return new Set(text.split(' ').map(plainKey))
}

/** Advice on a key that jobs have in other CI systems. Null for any other key. */
export function adviseOnJobKey(key: string, value: unknown): string | null {
  const name = plainKey(key)
  const commands = commandsIn(value)
  const write = (own: string, form: unknown) => `is not a known key. Write ${line(own, form)}`
  if (COMMANDS.has(name)) return write('cmd', single(commands) ?? ['npm ci', 'npm test'])
  if (BEFORE.has(name)) return write('setup', single(commands) ?? 'npm ci')
  if (AFTER.has(name)) return write('cmd', [`trap '${single(commands) ?? './after.sh'}' EXIT`, 'npm test'])
  if (NEEDS.has(name)) return write('needs', names(value) ?? ['build'])
  if (name === 'strategy' && isObject(value)) return `is not a known key. ${adviseOnStrategy(value)}`
  if (SHARDS.has(name) || name === 'strategy') {
    if (isObject(value) && value.matrix !== undefined) return write('matrix', matrixIn(value.matrix))
    return write('shards', typeof value === 'number' && value > 1 ? Math.floor(value) : 4)
  }
  if (MINUTES.has(name))
    return `${write('timeout', typeof value === 'number' ? Math.ceil(value * 60) : 600)}, in seconds`
  if (name === 'environment')
    return isObject(value) && value.name === undefined && value.url === undefined
      ? write('env', value)
      : 'is not a known key: the top-level "deploy" and "stages" deploy when all jobs are done'
  const general = adviseOnForeignKey(key, value)
  return ADVICE.get(name) ?? (general?.startsWith(OF_JOBS) ? null : general)
}

/** GitHub's `strategy`. */
function adviseOnStrategy(strategy: Readonly<Record<string, unknown>>): string {
  const { matrix } = strategy
  const parts = [
    line('matrix', matrixIn(matrix)),
    ...(isObject(matrix) && matrix.include !== undefined ? ['"include" beside it'] : []),
    ...(isObject(matrix) && matrix.exclude !== undefined ? ['"exclude" beside it'] : []),
    ...(strategy['fail-fast'] === false ? ['"failFast": false at the top level'] : []),
    ...(strategy['max-parallel'] === undefined ? [] : ['"maxParallel" at the top level']),
  ]
  return `Write ${parts.join(', ')}`
}

/** The variables of a matrix with their values. */
function matrixIn(matrix: unknown): unknown {
  const variables = isObject(matrix)
    ? Object.entries(matrix).filter(([key, values]) => !/^(in|ex)clude$/.test(key) && Array.isArray(values))
    : []
  return variables.length > 0 ? Object.fromEntries(variables) : { NODE: ['22', '24'] }
}

/** Names of jobs: `"build"`, `["build"]`, or an object of them. */
function names(value: unknown): string[] | null {
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : isObject(value)
      ? Object.keys(value)
      : [value]
  const texts = list.filter(each => typeof each === 'string')
  return texts.length > 0 ? texts : null
}

const single = (commands: readonly string[]) => (commands.length > 1 ? commands : (commands[0] ?? null))

function line(key: string, form: unknown): string {
  const text = quote(form, MAX_LENGTH)
  return `${JSON.stringify(key)}: ${text.length > MAX_LENGTH ? '…' : text}`
}
