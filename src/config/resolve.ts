import type { Build } from '../model/build.ts'
import {
  applyingRule,
  buildingStage,
  noteShadowedRule,
  type Rule,
  type Subject,
  testsMerge,
} from './applying-rule.ts'
import { applyLayers, applyRule, type Cascade, defaults } from './cascade.ts'
import { type Config, toConfig } from './config.ts'
import { explainMissingCommand } from './default-command.ts'
import {
  type AllowedKeys,
  describeIgnoredFiles,
  explainSimilarNames,
  type Files,
  NO_FILES,
  readFiles,
} from './files.ts'
import { readForkFiles } from './fork-files.ts'
import { noteVainRemovals } from './jobs/removal-notes.ts'
import { merge } from './merge.ts'
import { noteRules } from './rule-notes.ts'
import { type AccountRules, accountRules, parseSettings, withoutAccountRules } from './settings.ts'
import { allowedTopic, topicOf } from './topics.ts'
import { explainUnusedDeploy } from './unused-deploy.ts'

export type ResolveInput = {
  build: Subject & Pick<Build, 'project' | 'trust'>
  /** The build's `settings` (see `Settings`). Null if they are not known, as in a working copy. */
  account: unknown
  /** The files at the base commit. They count for a build of trust `fork`. */
  base: Files
  /** Null if they are not known yet; settings that depend on them are then not checked. */
  head: Files | null
  /** Whether `head` has the files of the pull request's merge into its base. */
  isMerge?: boolean
}

/** The commit with which GitHub has merged a pull request's head into a commit of its base branch. */
export type TestMerge = { commit: string; base: string }

export type Resolved = {
  config: Config
  /** Settings that only the account can make. Its defaults if the settings are not known. */
  account: AccountRules
  /** The branch or pull request rule that applies. Null if there is none. */
  rule: Rule | null
  /** The path of the rule in `stages` that is the only reason to build a push. Null if something else decides. */
  stageRule: string | null
  /** The layers that set each top-level key, the last one last. */
  sources: ReadonlyMap<string, readonly string[]>
  /** The layer that set a key of a job last, by `jobKey`. */
  jobSources: ReadonlyMap<string, string>
  notes: readonly string[]
  /** The errors in the files that would make a build a guess, as sentences. Null if there are none. */
  filesError: string | null
  /** Why there is nothing to run, and the fix, in two sentences. Null if there is a command. */
  missingCommand: string | null
  /** The files that a push changed. Null if unknown or not needed. */
  changedFiles: readonly string[] | null
  /** The regular files of the commit, by path. Null if not needed. */
  commitFiles: readonly string[] | null
  /** The merge that is checked out instead of the head. Null: the head. */
  merge: TestMerge | null
}

const AT_MERGE = ' at the merge commit'

/**
 * The configuration of one build. Layers, each overriding the ones before it: defaults, `config/global.json`,
 * `config/gh/<owner>/<repo>.json`, the rule that applies, `package.json`, `.lambci.json`, the rule again.
 * @throws UserError if a file or the settings are invalid: the default command never runs in their place
 */
export function resolveConfig({ build, account, base, head: known, isMerge }: ResolveInput): Resolved {
  const head = known ?? NO_FILES
  const settings = account === null ? [] : parseSettings(build.project, account)
  const rules = accountRules(settings)
  const ofAccount = applyLayers(defaults(), ...settings.map(withoutAccountRules))
  const beforeFiles = applyRule(ofAccount, build)
  const isFork = build.trust === 'fork'

  // The rule for pull requests of forks limits the fork's files, not those of the base.
  const allowed = allowedKeys(isFork ? ofAccount : beforeFiles)
  const ownSuffix = isMerge ? AT_MERGE : ''
  const own = { files: isFork ? base : head, suffix: isFork ? ' at the base commit' : ownSuffix, allowed }
  const files = readFiles(own.files, allowed, own.suffix)
  const withFiles = applyLayers(beforeFiles, ...files.layers)
  const atBase = applyRule(withFiles, build)
  const limits = [ofAccount, beforeFiles, atBase].map(allowedKeys)
  const suffix = isMerge ? AT_MERGE : ' at the head commit'
  const forkFiles = isFork ? readForkFiles({ files: head, suffix, limits, base: atBase }) : null
  const top = applyRule(applyLayers(withFiles, ...(forkFiles?.layers ?? [])), build)
  const packageErrors = [files, forkFiles].flatMap(each => each?.packageError ?? [])
  const unusedDeploy = known && explainUnusedDeploy({ settings, files, isComplete: account !== null })

  const isUnchecked = account === null && topicOf(top) !== null
  const ownTopic = topicOf(beforeFiles)
  const topics = isUnchecked ? [topicOf(top)] : [topicOf(ofAccount), ownTopic, ...rules.topics]
  const { topic, notes: topicNotes } = allowedTopic(top, ownTopic, topics)
  const merged =
    topicNotes.length === 0 ? top.merged : merge(top.merged, { notifications: { sns: { topicArn: topic } } })
  const stageRule = buildingStage(build, top.merged)
  const config = toConfig({
    ...merged,
    build: merged.build === true || stageRule !== null,
    testMerge: testsMerge(build, top.merged),
    inheritSecrets: inheritsSecrets(build, beforeFiles, top),
  })
  const notes = [
    ...[...settings, ...files.layers].flatMap(layer => layer.notes),
    ...(forkFiles?.notes ?? []),
    ...notePackageErrors(packageErrors, top),
    ...describeIgnoredFiles(own.files, allowed),
    ...describeWithheldSecrets(build, top, config),
    ...topicNotes,
    ...[noteShadowedRule(build, top.merged), unusedDeploy].filter(note => note !== null),
    ...noteRules(top.merged),
    ...noteVainRemovals([...settings, ...files.layers]),
    ...(isUnchecked ? ['"notifications.sns.topicArn" is not checked without the account\'s settings.'] : []),
  ]
  return {
    config,
    account: rules,
    rule: applyingRule(build, top.merged),
    stageRule,
    sources: top.sources,
    jobSources: top.jobSources,
    notes: [...new Set(notes)],
    filesError:
      explainSimilarNames([own, ...(forkFiles === null ? [] : [forkFiles])]) ??
      (commandSource(top) === 'defaults' ? packageErrors[0] : null) ??
      (account === null ? null : unusedDeploy),
    missingCommand: known && explainMissingCommand(top, { own, head: known, account }),
    ...{ changedFiles: null, commitFiles: null, merge: null },
  }
}

const commandSource = ({ sources }: Cascade) => (sources.get('cmd') ?? sources.get('jobs'))?.at(-1)

/** A `package.json` that was not read does no harm where something else sets the command. */
function notePackageErrors(errors: readonly string[], top: Cascade): string[] {
  const source = commandSource(top)
  if (source === 'defaults') return []
  return errors.map(error => `${error} It is not read, because the command comes from ${source}.`)
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
