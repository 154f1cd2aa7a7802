import type { Config } from '../config/config.ts'
import { type Build, repositoryOf } from '../model/build.ts'
import { UserError } from '../model/user-error.ts'
import type { Step } from './plan.ts'

type Identity = Pick<
  Build,
  'project' | 'branch' | 'cloneRepository' | 'checkoutBranch' | 'commit' | 'pullRequest' | 'number'
>

/** Where a command runs: directories and the system's own PATH, and who Lambda says that it is. */
export type RuntimeContext = { home: string; temp: string; path: string; region: string; requestId: string }

export type EnvironmentParts = {
  build: Identity
  config: Pick<Config, 'env' | 'inheritSecrets'>
  step: Pick<Step, 'stage' | 'env'>
  /** Of the role that a deploy has assumed. */
  credentials?: Readonly<Record<string, string>>
  buildUrl: string
  runtime: RuntimeContext
  secrets: Readonly<Record<string, string>>
}

/**
 * The whole environment of a command; nothing else of the runner's gets into it. `env` overrides the runner's
 * variables, a stage's `env` that, a role's credentials these, and secret variables all of them; a PATH is put in front of the system's, which is never lost.
 * Throws a `Problem` for a value that cannot be one.
 */
export function commandEnvironment(parts: EnvironmentParts): Record<string, string> {
  const own = {
    ...identityOf(parts.build, parts.buildUrl),
    ...stageOf(parts.step),
    ...placeOf(parts.runtime),
  }
  const secrets = parts.config.inheritSecrets ? parts.secrets : {}
  const given = { ...parts.config.env, ...parts.step.env, ...parts.credentials, ...secrets }
  const PATH = given.PATH ? `${given.PATH}:${own.PATH}` : own.PATH
  return checked({ ...own, ...given, PATH })
}

function identityOf(build: Identity, buildUrl: string) {
  return {
    CI: 'true',
    LAMBCI: 'true',
    LAMBCI_REPO: repositoryOf(build.project),
    LAMBCI_BRANCH: build.branch,
    LAMBCI_CLONE_REPO: build.cloneRepository ?? '',
    LAMBCI_CHECKOUT_BRANCH: build.checkoutBranch,
    LAMBCI_COMMIT: build.commit,
    LAMBCI_PULL_REQUEST: String(build.pullRequest ?? ''),
    LAMBCI_BUILD_NUM: String(build.number),
    LAMBCI_BUILD_URL: buildUrl,
  }
}

const stageOf = ({ stage }: Pick<Step, 'stage'>) =>
  stage === null ? {} : { LAMBCI_STAGE: stage, STAGE: stage }

function placeOf({ home, temp, path, region, requestId }: RuntimeContext) {
  return {
    AWS_REGION: region,
    AWS_REQUEST_ID: requestId,
    HOME: home,
    PATH: [`${home}/.local/bin`, ...path.split(':').filter(isSystems)].join(':'),
    LANG: 'C.UTF-8',
    TMPDIR: temp,
    TERM: 'xterm-256color',
    FORCE_COLOR: 'true',
  }
}

/** An empty entry of PATH means the working directory; npm puts the runner's own tools in front. */
const isSystems = (entry: string) => entry !== '' && !/\/(node_modules\/\.bin|node-gyp-bin)\/?$/.test(entry)

function checked(environment: Record<string, string>): Record<string, string> {
  const broken = Object.keys(environment).find(name => environment[name]?.includes('\0'))
  if (broken === undefined) return environment
  throw new UserError(
    `The variable ${broken} holds a NUL character, which no environment can. Set it to something else.`,
  )
}
