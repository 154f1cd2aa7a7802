import type { Build } from '../model/build.ts'
import { applyingRule, type Rule, type Subject } from './applying-rule.ts'
import { applyLayers, applyRule, type Cascade, defaults } from './cascade.ts'
import { type Config, toConfig } from './config.ts'
import { type AllowedKeys, describeIgnoredFiles, type Files, intersectKeys, readFiles } from './files.ts'
import type { Layer } from './layer.ts'
import { merge } from './merge.ts'
import { type AccountRules, accountRules, parseSettings, withoutAccountRules } from './settings.ts'
import { allowedTopic, topicOf } from './topics.ts'

export type ResolveInput = {
  build: Subject & Pick<Build, 'project' | 'trust'>
  /** The build's `settings` (see `Settings`). Null if they are not known, as in a working copy. */
  account: unknown
  /** The files at the base commit. They count for a build of trust `fork`. */
  base: Files
  head: Files
}

export type Resolved = {
  config: Config
  /** Settings that only the account can make. Its defaults if the settings are not known. */
  account: AccountRules
  /** The branch or pull request rule that applies. Null if there is none. */
  rule: Rule | null
  /** The layers that set each top-level key, the last one last. */
  sources: ReadonlyMap<string, readonly string[]>
  notes: readonly string[]
  /** The files that a push changed. Null if unknown or not needed. */
  changedFiles: readonly string[] | null
}

/**
 * The configuration of one build. Layers, each overriding the ones before it: defaults, `config/global.json`,
 * `config/gh/<owner>/<repo>.json`, the rule that applies, `package.json`, `.lambci.json`, the rule again.
 * @throws UserError if a file or the settings are invalid: the default command never runs in their place
 */
export function resolveConfig({ build, account, base, head }: ResolveInput): Resolved {
  const settings = account === null ? [] : parseSettings(build.project, account)
  const rules = accountRules(settings)
  const ofAccount = applyLayers(defaults(), ...settings.map(withoutAccountRules))
  const beforeFiles = applyRule(ofAccount, build)
  const isFork = build.trust === 'fork'

  // The rule for pull requests of forks limits the fork's files, not those of the base.
  const allowed = allowedKeys(isFork ? ofAccount : beforeFiles)
  const files = readFiles(isFork ? base : head, allowed, isFork ? ' at the base commit' : '')
  const withFiles = applyLayers(beforeFiles, ...files)
  const limits = [ofAccount, beforeFiles, applyRule(withFiles, build)]
  const forkFiles = isFork ? readForkFiles(head, limits) : []
  const top = applyRule(applyLayers(withFiles, ...forkFiles), build)

  const isUnchecked = account === null && topicOf(top) !== null
  const ownTopic = topicOf(beforeFiles)
  const topics = isUnchecked ? [topicOf(top)] : [topicOf(ofAccount), ownTopic, ...rules.topics]
  const { topic, notes: topicNotes } = allowedTopic(top, ownTopic, topics)
  const merged =
    topicNotes.length === 0 ? top.merged : merge(top.merged, { notifications: { sns: { topicArn: topic } } })
  const config = toConfig({ ...merged, inheritSecrets: inheritsSecrets(build, beforeFiles, top) })
  const notes = [
    ...[...settings, ...files, ...forkFiles].flatMap(layer => layer.notes),
    ...describeIgnoredFiles(isFork ? base : head, allowed),
    ...describeWithheldSecrets(build, top, config),
    ...topicNotes,
    ...(isUnchecked ? ['"notifications.sns.topicArn" is not checked without the account\'s settings.'] : []),
  ]
  return {
    config,
    account: rules,
    rule: applyingRule(build, top.merged),
    sources: top.sources,
    notes: [...new Set(notes)],
    changedFiles: null,
  }
}

/** A fork's own files may only set `cmd` and `env`, and only if each of `limits` allows it. */
function readForkFiles(head: Files, limits: readonly Cascade[]): Layer[] {
  const allowed = limits.map(allowedKeys).reduce(intersectKeys, ['cmd', 'env'])
  const files = readFiles(head, allowed, ' at the head commit')
  // A fork's copy of the file normally sets the same keys as the base's file, so ignored keys are not noted.
  return files.map(file => ({ ...file, notes: [] }))
}

const allowedKeys = ({ merged }: Cascade) => merged.allowConfigOverrides as AllowedKeys

/** Files can withhold secret variables, but not grant them. Builds of forks never get any. */
function inheritsSecrets(build: ResolveInput['build'], beforeFiles: Cascade, top: Cascade): boolean {
  return [beforeFiles, top].every(({ merged }) => merged.inheritSecrets === true) && build.trust !== 'fork'
}

function describeWithheldSecrets(build: ResolveInput['build'], top: Cascade, config: Config): string[] {
  if (!config.build || top.merged.inheritSecrets !== true || config.inheritSecrets) return []
  return build.trust === 'fork'
    ? ['Secret variables are never given to pull requests from forks or from Dependabot.']
    : ['"inheritSecrets" stays false: the account\'s settings switch it off, and files cannot switch it on.']
}
