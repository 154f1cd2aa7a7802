import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import type { Bundle } from '../../../scripts/bundle.ts'
import type { Bundles } from '../../../scripts/deployment/bundles.ts'
import type { ExecAws } from '../../../scripts/deployment/io.ts'
import { run } from '../../../scripts/deployment/run.ts'
import { serveCommand } from '../../support/served-command.ts'
import { type Account, runStandIn } from './aws-stand-in.ts'
import { openFunctionUrl } from './function-url.ts'
import { registryUrl } from './registry.ts'

export const ROOT = join(import.meta.dirname, '..', '..', '..')
export const SCRIPT = join(ROOT, 'scripts', 'deploy')
const FRESH: Account = {
  region: 'eu-west-1',
  stacks: {},
  changeSets: {},
  objects: [],
  templates: {},
  selfTests: {},
  url: '',
  buckets: [],
  images: [],
  builds: {},
  trouble: {},
  concurrency: 10,
  calls: [],
}
/** Commands that change something in the account, but for the request of a self-test, which expires. */
const CHANGING =
  /^(cloudformation (create|execute|delete)|s3api (put|delete)(?!\S+ --bucket \S+ --key self-test\/)|s3 rm|codebuild start)/

/** Bundles for deploys whose content is not the point: it takes half a second to compress the real ones. */
export const SMALL_BUNDLES: Bundles = {
  http: { 'index.js': Buffer.from('exports.handler = http') },
  report: { 'index.js': Buffer.from('exports.handler = report') },
  run: { 'index.js': Buffer.from('exports.handler = run') },
}

/** An AWS account for one test, served by a stand-in for the AWS CLI. */
export async function openAccount(change: Partial<Account> = {}, bundles = SMALL_BUNDLES) {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-deploy-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const account = structuredClone({ ...FRESH, ...change })
  account.url = await openFunctionUrl(account)
  const execAws: ExecAws = async args => {
    const { exitCode, stdout, stderr } = runStandIn(account, args)
    return { failed: exitCode !== 0, stdout, stderr }
  }
  /** The AWS CLI commands since the last call, as `service command …`. */
  const calls = (): string[] => account.calls.splice(0).map(args => args.join(' '))
  return {
    directory,
    read: (): Account => structuredClone(account),
    amend: (change: Partial<Account>) => {
      Object.assign(account, structuredClone(change))
    },
    calls,
    changing: () => calls().filter(call => CHANGING.test(call)),
    deploy: (...args: string[]) => deploy(args, { execAws, bundles }),
    /** Runs a deploy with this standard input. */
    deployTyping: (input: string, ...args: string[]) => deploy(args, { execAws, bundles, input }),
    /** Runs a program in the directory of the account, with the stand-in as the program `aws`. */
    runProgram: async (program: string, ...args: string[]) => {
      const { script, close } = await serveCommand(command => runStandIn(account, command))
      const result = await runProgram(program, args, { directory, aws: script })
      await close()
      return result
    },
  }
}

let deployed: Promise<Account> | undefined

/** An account after a successful first deploy, for one test. The deploy runs once per test file. */
export async function openDeployed(change: Partial<Account> = {}) {
  deployed ??= firstDeploy()
  return openAccount({ ...(await deployed), ...change })
}

async function firstDeploy(): Promise<Account> {
  const { deploy, calls, read } = await openAccount()
  const { exitCode, stderr } = await deploy('--email', 'you@example.com')
  if (exitCode !== 0) throw new Error(stderr)
  calls()
  return read()
}

/** Runs a deploy in this process. */
export async function deploy(
  args: readonly string[],
  { execAws, bundles = SMALL_BUNDLES, input }: { execAws: ExecAws; bundles?: Bundles; input?: string },
) {
  let [stdout, stderr] = ['', '']
  const exitCode = await run(args, {
    stdin: Readable.from(input === undefined ? [] : [input]),
    stdout: {
      write: text => {
        stdout += text
      },
    },
    stderr: {
      write: text => {
        stderr += text
      },
    },
    env: { LAMBCI_REGISTRY_URL: await registryUrl(), PATH: process.env.PATH },
    execAws,
    makeBundles: async () => bundles,
    pollMs: 1,
  })
  return { exitCode, stdout, stderr }
}

/** The functions as `test/support/bundles.ts` has bundled them. */
export async function readBundles(): Promise<Bundles> {
  const [http, report, run] = await Promise.all([readBundle('http'), readBundle('report'), readBundle('run')])
  return { http, report, run }
}

export async function readBundle(entry: string): Promise<Bundle> {
  const directory = join(process.env.LAMBCI_TEST_BUNDLES ?? '', entry)
  const names = await readdir(directory)
  const files = names.map(async name => [name, await readFile(join(directory, name))] as const)
  return Object.fromEntries(await Promise.all(files))
}

/** `aws` is the text of that program. */
type Place = { directory: string; aws: string }

async function runProgram(path: string, args: readonly string[], { directory, aws }: Place) {
  const bin = join(directory, 'bin')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'aws'), aws, { mode: 0o755 })
  const { AWS_REGION: _, AWS_DEFAULT_REGION: __, ...env } = process.env
  const variables = {
    PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}`,
    LAMBCI_POLL_MS: '1',
    LAMBCI_REGISTRY_URL: await registryUrl(),
    // Its start takes half as long, but for the first one.
    NODE_COMPILE_CACHE: join(process.env.LAMBCI_TEST_ROOT ?? tmpdir(), 'compiled'),
  }
  const { exitCode, stdout, stderr } = await execa(path, args, {
    env: { ...env, ...variables },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    cwd: directory,
  })
  return { exitCode, stdout, stderr }
}
