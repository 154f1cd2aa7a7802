import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, type OptionValues } from 'commander'
import { listParameters } from '../../loopback/system/template.ts'
import { UserError } from '../../src/model/user-error.ts'
import { checkToolchains } from './base-image.ts'
import { addDeployOptions } from './command-options.ts'
import type { Environment, Io } from './io.ts'

export type Options = {
  stack: string
  region?: string
  profile?: string
  /** Parameters of the template by name. */
  parameters: Record<string, string>
  image?: string
  dockerfile?: string
  /** Build the image with the Docker of this machine. */
  docker?: true
  /** Take the newest base image of its tag. */
  updateBase?: true
  dryRun?: true
  delete?: true
  deleteBucket?: true
  yes?: true
}

/** The name that both templates give to the bucket of a stack. */
export const bucketOf = ({ account, region }: { account: string; region: string }, stack: string) =>
  `${stack}-${account}-${region}`

/** Parameters that the deploy sets itself. */
const RESERVED = ['ArtifactBucket', 'HttpBundle', 'ReportBundle', 'BuildImage']

/** The program behind `npm run deploy` and `scripts/deploy`. */
export const createProgram = ({ stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>): Command =>
  addDeployOptions(new Command('deploy'))
    .description('Deploy lambci-next to your AWS account, or update it. Can be repeated at any time.')
    .option('--delete', 'delete everything except the bucket with logs and records')
    .option('--delete-bucket', 'with --delete: also delete that bucket')
    .option('--yes', 'with --delete: do not ask for confirmation')
    .allowExcessArguments(false)
    .configureOutput({ writeOut: text => stdout.write(text), writeErr: text => stderr.write(text) })
    .exitOverride()
    .showHelpAfterError('Use --help for usage.')

/** Reads and checks all options. @throws UserError that lists every mistake */
export async function readOptions(all: OptionValues, env: Environment, root: string): Promise<Options> {
  const { email, architecture, param = [], dockerfile, ...given } = all
  const path = dockerfile && findDockerfile(dockerfile, env, root)
  const options = { ...given, ...(path && { dockerfile: path }) } as Partial<Options> & { stack: string }
  const text = await readFile(join(root, 'cloudformation', 'lambci.yaml'), 'utf8')
  const known = [...listParameters(text).map(({ name }) => name), 'Toolchains']
  const pairs = (param as string[]).map(pair => /^([^=]+)=(.*)$/s.exec(pair))
  const settable = known.filter(name => !RESERVED.includes(name))
  const mistakes = [
    ...(/^[a-z][a-z0-9-]{0,24}$/.test(options.stack)
      ? []
      : [
          `--stack ${options.stack}: use at most 25 lower-case letters, digits and dashes, beginning with a letter.`,
        ]),
    ...(param as string[]).flatMap((pair, index) => {
      const name = pairs[index]?.[1]
      if (name === undefined) return [`--param ${pair}: write it as Name=Value.`]
      if (RESERVED.includes(name)) return [`--param ${name}: the deploy sets this parameter itself.`]
      return known.includes(name)
        ? []
        : [`--param ${name}: unknown parameter. Use one of ${settable.join(', ')}.`]
    }),
    ...(options.image && options.dockerfile ? ['--image and --dockerfile exclude each other.'] : []),
    ...(options.image && options.docker ? ['--docker is of no use with --image.'] : []),
    ...(options.image && options.updateBase ? ['--update-base is of no use with --image.'] : []),
    ...(options.deleteBucket && !options.delete ? ['--delete-bucket requires --delete.'] : []),
    ...(options.yes && !options.delete ? ['--yes requires --delete.'] : []),
  ]
  if (mistakes.length > 0) throw new UserError(mistakes)
  const parameters: Record<string, string> = {
    ...Object.fromEntries(pairs.map(pair => [pair?.[1] ?? '', pair?.[2] ?? ''])),
    ...(email !== undefined && { NotificationEmail: email }),
    ...(architecture !== undefined && { Architecture: architecture }),
  }
  checkToolchains(parameters.Toolchains)
  return { ...options, parameters }
}

/** The path of a Dockerfile that is given relative to the directory of the caller. `image/Dockerfile` always exists: it is the default. */
function findDockerfile(
  given: string,
  { npm_lifecycle_event = '', INIT_CWD = '.' }: Environment,
  root: string,
) {
  // npm scripts run in the project's directory.
  const path = resolve(['deploy', 'lambci'].includes(npm_lifecycle_event) ? INIT_CWD : '.', given)
  const isDefault = given === join('image', 'Dockerfile') && !existsSync(path)
  return isDefault ? join(root, given) : path
}
