import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { forwardedVariables } from '../../src/cli/forwarded-variables.ts'

const MODULES = realpathSync(join(import.meta.dirname, '..', '..', 'node_modules'))
/** Where the tools are, and what they have downloaded. One path, also where several checkouts share `node_modules`. */
export const CACHE = join(MODULES, '.cache', 'lambci-real')
/** A virtual environment: a link to it. */
export const PYTHON = join(CACHE, 'python-current')
/** Node and the AWS CLI, by name. */
export const BIN = join(CACHE, 'bin')
/** What names of directories begin with that a later run may remove. */
export const ENVIRONMENT = 'environment-'
/** AWS's Runtime Interface Emulator, the directory of AWS's runtime client for Node, and an S3 over files. */
export const EMULATOR = join(BIN, 'aws-lambda-rie')
export const RUNTIME_CLIENT = join(CACHE, 'runtime-client')
export const S3_GATEWAY = join(BIN, 'versitygw')
export const CONSTRAINTS = join(import.meta.dirname, 'constraints.txt')

/** How long a build with the real tools may take, on a machine that is busy. */
export const BUILD_MS = 600_000

const GO_VARIABLES = ['GOPROXY', 'GOSUMDB', 'GONOSUMDB', 'GOTOOLCHAIN']

/**
 * Variables for the commands of examples, as an account has them: the tools, how this machine reaches package registries, and
 * caches, so that a second run downloads nothing.
 */
export const toolVariables = (env: NodeJS.ProcessEnv = process.env): Record<string, string> => ({
  ...forwardedVariables(env),
  ...Object.fromEntries(GO_VARIABLES.flatMap(name => (env[name] ? [[name, env[name]]] : []))),
  PATH: BIN,
  PIP_CACHE_DIR: join(CACHE, 'pip'),
  PIP_CONSTRAINT: CONSTRAINTS,
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_RETRIES: '10',
  PIP_PROGRESS_BAR: 'off',
  // Debian's Python refuses "pip install --user" otherwise. The image's does not.
  PIP_BREAK_SYSTEM_PACKAGES: '1',
  npm_config_cache: join(CACHE, 'npm'),
  npm_config_fetch_retries: '5',
  GOCACHE: join(CACHE, 'go-build'),
  // Without it, AWS's tools look for credentials on the network.
  AWS_EC2_METADATA_DISABLED: 'true',
})
