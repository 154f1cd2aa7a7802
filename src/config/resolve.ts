import type { Build } from '../model/build.ts'
import { type Cascade, defaults, lay, layRule } from './cascade.ts'
import { type Config, toConfig } from './config.ts'
import { type Allowance, describeUnread, type Files, narrow, readFiles } from './files.ts'
import type { Source } from './layer.ts'
import { merge } from './merge.ts'
import { applyingRule, type Rule, type Subject } from './rules.ts'
import { type AccountRules, accountRules, parseSettings, withoutAccountRules } from './settings.ts'
import { listedTopic, topicOf } from './topics.ts'

export type Resolving = {
  build: Subject & Pick<Build, 'project' | 'trust'>
  /** The job's settings (`Settings`); null where they are not at hand, as in a working copy. */
  account: unknown
  /** The files at the base commit: they speak for a job of trust `fork`. */
  base: Files
  head: Files
}

export type Resolved = {
  config: Config
  /** What the account alone decides; its defaults where its settings are not at hand. */
  account: AccountRules
  /** The branch or pull request rule that applies, null if there is none. */
  rule: Rule | null
  /** Which layers gave each top-level key, the last one last. */
  sources: ReadonlyMap<string, readonly string[]>
  notes: readonly string[]
  /** What a push has changed; null where that is not known or nobody asks. */
  changedFiles: readonly string[] | null
}

/**
 * The configuration of one build. The later of these wins: defaults, `config/global.json`,
 * `config/gh/<owner>/<repo>.json`, the rule that applies, `package.json`, `.lambci.json`, the rule again. Throws a
 * `Problem` for whatever file or settings are wrong: never is the default command run in their stead.
 */
export function resolveConfig({ build, account, base, head }: Resolving): Resolved {
  const settings = account === null ? [] : parseSettings(build.project, account)
  const bottom = lay(defaults(), ...settings.map(withoutAccountRules))
  const ruled = layRule(bottom, build)
  const isFork = build.trust === 'fork'

  // The rule for a fork's pull requests limits what its own files may say, not those of the base.
  const allowance = allowanceOf(isFork ? bottom : ruled)
  const files = readFiles(isFork ? base : head, allowance, isFork ? ' at the base commit' : '')
  const spoken = lay(ruled, ...files)
  const forked = isFork ? readForkFiles(head, [bottom, ruled, layRule(spoken, build)]) : []
  const top = layRule(lay(spoken, ...forked), build)

  const unchecked = account === null && topicOf(top) !== null
  const own = topicOf(ruled)
  const listed = unchecked ? [topicOf(top)] : [topicOf(bottom), own, ...accountRules(settings).topics]
  const { topic, notes: topicNotes } = listedTopic(top, own, listed)
  const said =
    topicNotes.length === 0 ? top.merged : merge(top.merged, { notifications: { sns: { topicArn: topic } } })
  const config = toConfig({ ...said, inheritSecrets: inheritsSecrets(build, ruled, top) })
  const notes = [
    ...[...settings, ...files, ...forked].flatMap(source => source.notes),
    ...describeUnread(isFork ? base : head, allowance),
    ...describeTop(build, top, config),
    ...topicNotes,
    ...(unchecked ? ['Without the account\'s settings, "notifications.sns.topicArn" is not checked.'] : []),
  ]
  const rules = accountRules(settings)
  return {
    config,
    account: rules,
    rule: applyingRule(build, top.merged),
    sources: top.sources,
    notes: [...new Set(notes)],
    changedFiles: null,
  }
}

/** Of a fork's own files only `cmd` and `env` count, and these only where each of `limits` lets files say them. */
function readForkFiles(head: Files, limits: readonly Cascade[]): Source[] {
  const allowance = limits.map(allowanceOf).reduce(narrow, ['cmd', 'env'])
  const files = readFiles(head, allowance, ' at the head commit')
  // That a fork's copy of the file says more than counts is no news: the base's file says the same.
  return files.map(file => ({ ...file, notes: [] }))
}

const allowanceOf = ({ merged }: Cascade) => merged.allowConfigOverrides as Allowance

/** Files may take secret variables away, not give them; a fork's build is never admitted to any. */
function inheritsSecrets(build: Resolving['build'], ruled: Cascade, top: Cascade): boolean {
  return build.trust !== 'fork' && ruled.merged.inheritSecrets === true && top.merged.inheritSecrets === true
}

function describeTop(build: Resolving['build'], top: Cascade, config: Config): string[] {
  const withheld = config.build && top.merged.inheritSecrets === true && !config.inheritSecrets
  return [
    ...(withheld && build.trust === 'fork'
      ? ['Secret variables are never given to pull requests from forks or from Dependabot.']
      : []),
    ...(withheld && build.trust !== 'fork'
      ? ['"inheritSecrets" stays false, as the account\'s settings say: files cannot switch it on.']
      : []),
  ]
}
