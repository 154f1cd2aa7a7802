import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { DEFAULTS } from '../../config/defaults.ts'
import { parseJson } from '../../config/json.ts'
import { configJsonSchema } from '../../config/json-schema.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, printLine } from '../io.ts'
import { type ProjectFiles, type Proposal, proposeConfig } from './propose-config.ts'

export type InitOptions = { cmd?: string; schema: boolean }

const CONFIG = '.lambci.json'
const SCHEMA = 'lambci.schema.json'
/** A longer file is not read: only the targets of a Makefile and the scripts of package.json count. */
const MOST_BYTES = 1024 * 1024
const GIT_TIMEOUT_MS = 10_000

/**
 * `lambci init`: writes a first `.lambci.json` for the project in a directory, based on the files at its top, and the schema for editors
 * beside it. Overwrites nothing.
 */
export async function initProject(dir: string, options: InitOptions, io: Io): Promise<number> {
  const directory = resolve(io.cwd(), dir)
  const files = await readFiles(directory)
  if (files.names.has(CONFIG))
    throw new UserError(
      `There is a ${CONFIG} in ${dir} already, and it was not changed. "lambci plan" shows what it does.`,
    )
  const proposal = options.cmd === undefined ? proposeConfig(files) : { kind: 'given', cmd: options.cmd }
  if (!proposal)
    throw new UserError(
      `Nothing in ${dir} shows how it is tested: no package.json, go.mod, Cargo.toml, pom.xml, build.gradle, composer.json, pyproject.toml, requirements.txt or Makefile. Give the command: lambci init --cmd "./test.sh"`,
    )
  const branch = await defaultBranchOf(directory, io)
  const hasSchema = options.schema && !files.names.has(SCHEMA)
  if (hasSchema) await write(join(directory, SCHEMA), configJsonSchema())
  await write(join(directory, CONFIG), `${JSON.stringify(configOf(proposal, branch, options), null, 2)}\n`)
  printLine(io, describe(proposal, branch, hasSchema))
  return 0
}

async function readFiles(directory: string): Promise<ProjectFiles> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`Cannot read the directory ${directory} (${error.code}).`)
  })
  const text = async (name: string) => {
    if (!names.includes(name)) return ''
    const bytes = await readFile(join(directory, name)).catch(() => Buffer.alloc(0))
    return bytes.subarray(0, MOST_BYTES).toString('utf8')
  }
  const makefile = names.find(name => ['Makefile', 'makefile', 'GNUmakefile'].includes(name)) ?? 'Makefile'
  return {
    names: new Set(names),
    packageJson: names.includes('package.json') ? jsonIn(await text('package.json')) : null,
    makefile: await text(makefile),
  }
}

function jsonIn(text: string): unknown {
  try {
    return parseJson('package.json', text)
  } catch {
    return null
  }
}

/** A configuration without lines that only repeat defaults, except for the command. */
const configOf = ({ cmd, cache }: Proposal, branch: string | null, { schema }: InitOptions) => ({
  ...(schema && { $schema: `./${SCHEMA}` }),
  cmd,
  ...(cache && { cache }),
  ...(branch !== null && { branches: { [branch]: true } }),
})

/** The branch of GitHub's HEAD, or else the current one; null if it is built by default. */
async function defaultBranchOf(directory: string, { env }: Io): Promise<string | null> {
  const git = async (...args: string[]) => {
    const { failed, stdout } = await execa('git', ['-C', directory, ...args], {
      ...{ env, extendEnv: false, reject: false, timeout: GIT_TIMEOUT_MS },
    })
    return failed ? '' : String(stdout).trim()
  }
  const remote = await git('symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD')
  const branch = remote.replace(/^origin\//, '') || (await git('symbolic-ref', '--quiet', '--short', 'HEAD'))
  return branch === '' || Object.hasOwn(DEFAULTS.branches, branch) ? null : branch
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      error.code === 'EEXIST'
        ? `${file} exists already, and was not changed.`
        : `Cannot write ${file} (${error.code}).`,
    )
  })
}

/** The cached directories, and the file on which the key depends. */
const describeCache = ({ paths, key = [] }: NonNullable<Proposal['cache']>[number]) =>
  `${paths.join(' and ')}${key.length === 0 ? '' : `, for each content of ${key.join(' and ')}`}`

function describe(
  { kind, cmd, cache, toolchain, lacks }: Proposal,
  branch: string | null,
  hasSchema: boolean,
): string {
  return [
    `Wrote ${CONFIG}${kind === 'given' ? '' : ` for ${kind}`}${hasSchema ? `, and ${SCHEMA} for editors` : ''}.`,
    `  Command  ${cmd}`,
    `  Builds   pushes to ${branch ?? 'master and main'}, and pull requests`,
    ...(cache ?? []).map(each => `  Cache    ${describeCache(each)}`),
    ...(toolchain
      ? [
          `On AWS, the build image needs a toolchain for this: lambci up --param Toolchains=${toolchain} (with those that it has, separated by commas)`,
        ]
      : []),
    ...(lacks
      ? [`The build image has no ${lacks}: commit its wrapper, or add it as docs/image.md shows.`]
      : []),
    'Next: "lambci run" runs the command here, "lambci plan" shows what a push does; then commit and push.',
  ].join('\n')
}
