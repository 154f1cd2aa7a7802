import type { Config } from '../config/config.ts'
import type { Build } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import type { AssignedJob, DeployStep } from './planned-job.ts'

type BuildIdentity = Pick<
  Build,
  'repository' | 'branch' | 'cloneRepository' | 'checkoutBranch' | 'commit' | 'pullRequest' | 'number'
>

/** The surroundings of a command: its user and directories, the system's PATH, and Lambda's region and request id. */
export type RuntimeContext = {
  user: string
  home: string
  temp: string
  path: string
  region: string
  requestId: string
}

type JobPart = Pick<AssignedJob, 'name' | 'shard' | 'isStrict' | 'env' | 'files'>
type DeployPart = Pick<DeployStep, 'stage' | 'env'>

export type EnvironmentParts = {
  build: BuildIdentity
  config: Pick<Config, 'env' | 'inheritSecrets'>
  step: JobPart | DeployPart
  /** The AWS_* variables of the role that a deploy or a job assumes. */
  credentials?: Readonly<Record<string, string>>
  /** The `GITHUB_TOKEN` that a job is granted. Null for none. */
  token?: string | null
  buildUrl: string
  /** For a shard that has files: the path of the file that lists them. */
  filesPath?: string | undefined
  /** The merge of a pull request that is checked out instead of its head. */
  mergeCommit?: string | null | undefined
  runtime: RuntimeContext
  secrets: Readonly<Record<string, string>>
}

/**
 * The complete environment of a command; nothing else is inherited from the runner. Later ones override earlier ones: the runner's
 * variables, the top-level `env`, the `env` of the job or stage, the granted token, secret variables, the role's credentials, which are
 * only useful together. A configured PATH is prepended to the system's.
 * @throws UserError if a value contains a NUL character
 */
export function commandEnvironment(parts: EnvironmentParts): Record<string, string> {
  const own = {
    ...buildVariables(parts),
    ...stepVariables(parts.step),
    ...(parts.filesPath !== undefined && { LAMBCI_FILES: parts.filesPath }),
    ...runtimeVariables(parts.runtime),
  }
  const secrets = parts.config.inheritSecrets ? parts.secrets : {}
  const token: Record<string, string> = parts.token ? { GITHUB_TOKEN: parts.token } : {}
  const configured = {
    ...parts.config.env,
    ...parts.step.env,
    ...token,
    ...secrets,
    ...parts.credentials,
  }
  const PATH = configured.PATH ? `${configured.PATH}:${own.PATH}` : own.PATH
  return withoutNul({ ...own, ...configured, PATH })
}

function buildVariables({ build, buildUrl, mergeCommit }: EnvironmentParts) {
  return {
    CI: 'true',
    LAMBCI: 'true',
    LAMBCI_REPO: build.repository,
    LAMBCI_BRANCH: build.branch,
    LAMBCI_CLONE_REPO: build.cloneRepository ?? '',
    LAMBCI_CHECKOUT_BRANCH: build.checkoutBranch,
    LAMBCI_COMMIT: build.commit,
    LAMBCI_MERGE_COMMIT: mergeCommit ?? '',
    LAMBCI_PULL_REQUEST: String(build.pullRequest ?? ''),
    LAMBCI_BUILD_NUM: String(build.number),
    LAMBCI_BUILD_URL: buildUrl,
  }
}

function stepVariables(step: JobPart | DeployPart): Record<string, string> {
  // With a stage's credentials, `npx` runs only installed packages.
  if ('stage' in step) return { LAMBCI_STAGE: step.stage, STAGE: step.stage, npm_config_yes: 'false' }
  const { name, shard, isStrict } = step
  return {
    // A `cmd` has the variables that it had in LambCI.
    ...(isStrict && { LAMBCI_JOB: name }),
    ...(shard && { LAMBCI_SHARD: String(shard.index), LAMBCI_SHARDS: String(shard.count) }),
  }
}

function runtimeVariables({ user, home, temp, path, region, requestId }: RuntimeContext) {
  return {
    AWS_REGION: region,
    AWS_REQUEST_ID: requestId,
    USER: user,
    LOGNAME: user,
    SHELL: '/bin/bash',
    HOME: home,
    PATH: [`${home}/.local/bin`, ...path.split(':').filter(isSystemPath)].join(':'),
    LANG: 'C.UTF-8',
    TMPDIR: temp,
    TERM: 'xterm-256color',
    FORCE_COLOR: 'true',
  }
}

/** Excludes empty entries, which mean the working directory, and the runner's own tools, which npm prepends. */
const isSystemPath = (entry: string) =>
  entry !== '' && !/\/(node_modules\/\.bin|node-gyp-bin)\/?$/.test(entry)

function withoutNul(environment: Record<string, string>): Record<string, string> {
  const invalid = Object.keys(environment).find(name => environment[name]?.includes('\0'))
  if (invalid === undefined) return environment
  throw new UserError(
    `The variable ${invalid} contains a NUL character, which environment variables cannot contain. Set it to another value.`,
  )
}
