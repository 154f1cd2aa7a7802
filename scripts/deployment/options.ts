import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { parametersIn } from '../../loopback/system/template.ts'
import { UserError } from '../../src/model/user-error.ts'

export type Options = {
  stack: string
  region?: string
  profile?: string
  /** By the template's names. */
  parameters: Record<string, string>
  image?: string
  dockerfile?: string
  dryRun?: true
  delete?: true
  deleteBucket?: true
  yes?: true
}

/** The bucket of a stack, as both templates name it. */
export const bucketOf = ({ account, region }: { account: string; region: string }, stack: string) =>
  `${stack}-${account}-${region}`

/** What the deploy fills in by itself. */
const OWN = ['ArtifactBucket', 'HttpBundle', 'ReportBundle', 'BuildImage']

const collect = (value: string, earlier: string[] = []) => [...earlier, value]

export function createProgram(): Command {
  return new Command('deploy')
    .description(
      'Brings lambci-next into your AWS account, or up to date there. May be run again at any time.',
    )
    .option('--stack <name>', 'name of the stack', 'lambci')
    .option('--region <name>', "the region; by default the AWS CLI's")
    .option('--profile <name>', "a profile of the AWS CLI's")
    .option('--email <address>', 'gets notices and alarms (NotificationEmail)')
    .addOption(new Option('--architecture <name>', 'processor of all functions').choices(['x86_64', 'arm64']))
    .option('--param <Name=Value>', 'a parameter of cloudformation/lambci.yaml; may be repeated', collect)
    .option('--image <uri>', 'an image of your own for the build functions; nothing is built then')
    .option('--dockerfile <path>', 'a Dockerfile of your own for it')
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--delete', 'remove everything but the bucket with logs and records')
    .option('--delete-bucket', 'with --delete: that bucket, too')
    .option('--yes', 'with --delete: do not ask')
    .allowExcessArguments(false)
    .exitOverride()
    .showHelpAfterError('Add --help to see how it is used.')
}

/** @throws Problem that names all that is wrong, at once */
export async function readOptions(program: Command, root: string): Promise<Options> {
  const { email, architecture, param = [], dockerfile, ...given } = program.opts()
  // `npm run deploy` moves into the project's directory; a path is meant from where it was typed.
  const { npm_lifecycle_event, INIT_CWD = '.' } = process.env
  const path = dockerfile && resolve(npm_lifecycle_event === 'deploy' ? INIT_CWD : '.', dockerfile)
  const options = { ...given, ...(path && { dockerfile: path }) } as Partial<Options> & { stack: string }
  const text = await readFile(join(root, 'cloudformation', 'lambci.yaml'), 'utf8')
  const known = parametersIn(text).map(({ name }) => name)
  const pairs = (param as string[]).map(pair => /^([^=]+)=(.*)$/s.exec(pair))
  const settable = known.filter(name => !OWN.includes(name))
  const wrong = [
    ...(/^[a-z][a-z0-9-]{0,24}$/.test(options.stack)
      ? []
      : [`--stack ${options.stack}: small letters, digits and dashes, at most 25, the first one a letter.`]),
    ...(param as string[]).flatMap((pair, index) => {
      const name = pairs[index]?.[1]
      if (name === undefined) return [`--param ${pair}: write it as Name=Value.`]
      if (OWN.includes(name)) return [`--param ${name}: the deploy fills this one in by itself.`]
      return known.includes(name) ? [] : [`--param ${name}: there are ${settable.join(', ')}.`]
    }),
    ...(options.image && options.dockerfile ? ['--image and --dockerfile: give one of them.'] : []),
    ...(options.deleteBucket && !options.delete ? ['--delete-bucket goes with --delete only.'] : []),
    ...(options.yes && !options.delete ? ['--yes goes with --delete only.'] : []),
  ]
  if (wrong.length > 0) throw new UserError(wrong.join('\n'))
  const parameters = {
    ...Object.fromEntries(pairs.map(pair => [pair?.[1] ?? '', pair?.[2] ?? ''])),
    ...(email !== undefined && { NotificationEmail: email }),
    ...(architecture !== undefined && { Architecture: architecture }),
  }
  return { ...options, parameters }
}
