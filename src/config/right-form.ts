import { escapeControls } from '../model/escape-controls.ts'
import { REPOSITORY_PATTERN } from '../model/names.ts'
import { validRule } from './branch-rules.ts'
import { commandIn } from './foreign-keys.ts'
import { jobFormOf } from './jobs/job-forms.ts'
import { isObject, type JsonObject } from './json.ts'
import { quote } from './key-path.ts'
import { topicArnSchema } from './values.ts'

const MAX_LENGTH = 200
/** The directories in which package managers keep their downloads. */
const MANAGERS = new Map([
  ['npm', '~/.npm'],
  ['yarn', '~/.cache/yarn'],
  ['pnpm', '~/.local/share/pnpm/store'],
  ['pip', '~/.cache/pip'],
  ['cargo', '~/.cargo/registry'],
  ['maven', '~/.m2/repository'],
  ['gradle', '~/.gradle/caches'],
])

/**
 * The right form of a value that has the form of another CI system: `"cmd": "make && make test"` for a list of commands. Null if unclear.
 */
export function rightForm(at: readonly PropertyKey[], value: unknown): string | null {
  const key = String((typeof at.at(-1) === 'number' ? at.at(-2) : at.at(-1)) ?? '')
  if (at[0] === 'allow' && at.length === 2) {
    const repository = repositoryIn(value)
    return repository === null || repository === value ? null : quote(repository)
  }
  if (typeof at.at(-1) === 'number' && pathInJobs(at) !== null && isObject(value)) {
    const command = commandIn(value)
    return command === null ? null : quote(command, MAX_LENGTH)
  }
  const form = formOf(at, value)
  if (form === null) return null
  const text = escapeControls(JSON.stringify(form, null, 1).replace(/\n\s*/g, ' '))
  const line = `${JSON.stringify(isFilter(at) ? 'branches' : key)}: ${text}`
  return line.length > MAX_LENGTH ? null : line
}

/** `only` and `except` are rules for branches of these names here, but lists of branches elsewhere. */
const isFilter = (at: readonly PropertyKey[]) =>
  at.length === 2 && at[0] === 'branches' && /^(only|except|include|exclude|ignore)$/.test(String(at[1]))

function formOf(at: readonly PropertyKey[], value: unknown): unknown {
  const key = at.at(-1)
  const isList = Array.isArray(value)
  const below = pathInJobs(at)
  const form = below && jobFormOf(below, value)
  if (form !== null) return form
  if (key === 'cmd') return isList || isObject(value) ? commandIn(value) : null
  if (key === 'deploy')
    return isList || isObject(value) ? (commandIn(value) ?? './deploy.sh $LAMBCI_STAGE') : null
  if (key === 'slack' && typeof value === 'string')
    return { channel: value.startsWith('#') ? value : '#builds' }
  if (key === 'deployBranches' && at.length === 1) return ruleListIn(value)
  if (key === 'topics' && at.length === 1) return topicArnSchema.safeParse(value).success ? [value] : null
  if (key === 'allow' && at.length === 1) {
    const repository = repositoryIn(value)
    return repository && [repository]
  }
  if (at[0] === 'pinnedStages' && at.length === 2) {
    const branches = isList ? ruleListIn(value) : null
    return branches && { branches }
  }
  if (at[0] === 'pinnedStages' && key === 'branches') return ruleListIn(value)
  if (key === 'env') return environmentIn(value)
  if (key === 'cache') return cacheIn(value)
  if (at.length === 1 && key === 'branches') return branchesIn(value, true)
  if (isFilter(at)) return branchesIn(value, !/^(except|exclude|ignore)$/.test(String(key)))
  if (at.length === 1 && key === 'stages' && isList) return { main: 'production' }
  return null
}

/** The path below `jobs`, at the top level or in a rule. Null outside of it. */
function pathInJobs(at: readonly PropertyKey[]): readonly PropertyKey[] | null {
  if (at[0] === 'jobs') return at.slice(1)
  return /^(branches|pullRequests)$/.test(String(at[0])) && at[2] === 'jobs' ? at.slice(3) : null
}

/** `owner/*`, or an address. */
function repositoryIn(value: unknown): string | null {
  const name = String(value)
    .trim()
    .replace(/^(https:\/\/github\.com\/|git@github\.com:|gh\/|@|\/)/i, '')
    .replace(/(\.git|\/\*?)$/, '')
  return REPOSITORY_PATTERN.test(name) ? name : null
}

/** `["A=1"]` or `"A=1"`. */
function environmentIn(value: unknown): JsonObject | null {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value]
  const pairs = texts.map(text => /^\s*([A-Za-z_]\w*)=(?:"([^"]*)"|'([^']*)'|(.*))$/s.exec(String(text)))
  if (texts.length === 0 || !pairs.every(pair => pair !== null)) return null
  return Object.fromEntries(
    pairs.map(([, name = '', ...quoted]) => [name, quoted.find(text => text !== undefined) ?? '']),
  )
}

/** `"dir"`, or an object with `paths` or `directories`. */
function cacheIn(value: unknown): string[] | null {
  const paths: unknown = isObject(value)
    ? (value.paths ?? value.path ?? value.directories ?? value.key)
    : value
  const list: readonly unknown[] = Array.isArray(paths) ? paths : [paths]
  const texts = list.filter(path => typeof path === 'string' && path !== '') as string[]
  if (texts.length === 0) return null
  return texts.map(path => MANAGERS.get(path) ?? path.replace(/^\.\//, '').replace(/^\$HOME\//, '~/'))
}

function branchesIn(value: unknown, build: boolean): JsonObject | null {
  const rules = ruleListIn(value)
  return rules && Object.fromEntries(rules.map(rule => [rule, build]))
}

/** Branch rules, each in its valid form. */
function ruleListIn(value: unknown): string[] | null {
  const names: readonly unknown[] = Array.isArray(value) ? value : [value]
  const rules = names.map(name => (typeof name === 'string' ? validRule(name) : null))
  return rules.length > 0 && rules.every(rule => rule !== null) ? rules : null
}
