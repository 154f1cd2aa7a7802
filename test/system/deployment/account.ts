import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'

export const ROOT = join(import.meta.dirname, '..', '..', '..')
const FRESH = {
  region: 'eu-west-1',
  stacks: {},
  changeSets: {},
  objects: [],
  buckets: [],
  images: [],
  builds: {},
  trouble: {},
}
export type Account = Omit<typeof FRESH, 'stacks' | 'trouble' | 'buckets'> & {
  buckets: string[]
  stacks: Record<string, object>
  trouble: Record<string, unknown>
}
/** Commands that change something in the account. */
const CHANGING = /^(cloudformation (create|execute|delete)|s3api (put|delete)|s3 rm|codebuild start)/

/** An AWS account for one test, served by a stand-in for the AWS CLI. */
export async function openAccount(account: Partial<Account> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-deploy-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const [file, bin] = [join(directory, 'account.json'), join(directory, 'bin')]
  await mkdir(bin)
  await copyFile(join(import.meta.dirname, 'aws-stand-in.mjs'), join(bin, 'aws'))
  await chmod(join(bin, 'aws'), 0o755)
  const write = (change: Partial<Account>) => writeFile(file, JSON.stringify({ ...FRESH, ...change }))
  const read = async (): Promise<Account> => JSON.parse(await readFile(file, 'utf8'))
  await write(account)
  /** The AWS CLI commands since the last call, as `service command …`. */
  const calls = async (): Promise<string[]> => {
    const text = await readFile(`${file}.calls`, 'utf8').catch(() => '')
    await writeFile(`${file}.calls`, '')
    return text.split('\n').flatMap(line => (line ? [(JSON.parse(line) as string[]).join(' ')] : []))
  }
  return {
    directory,
    read,
    amend: async (change: Partial<Account>) => write({ ...(await read()), ...change }),
    calls,
    changing: async () => (await calls()).filter(call => CHANGING.test(call)),
    deploy: (...args: string[]) => deploy({ bin, file }, args),
    /** Runs a deploy with this standard input. */
    deployTyping: (input: string, ...args: string[]) => deploy({ bin, file, input }, args),
    /** Runs scripts/deploy in the directory of the account. */
    runScript: (...args: string[]) => deploy({ bin, file, cwd: directory }, args),
  }
}

type DeployRun = { bin: string; file: string; input?: string; cwd?: string }

let deployed: Promise<Account> | undefined

/** An account after a successful first deploy, for one test. The deploy runs once per test file. */
export async function openDeployed(change: Partial<Account> = {}) {
  deployed ??= firstDeploy()
  return openAccount({ ...(await deployed), ...change })
}

async function firstDeploy(): Promise<Account> {
  const { deploy, read } = await openAccount()
  const { exitCode, stderr } = await deploy('--email', 'you@example.com')
  if (exitCode !== 0) throw new Error(stderr)
  return read()
}

async function deploy({ bin, file, input, cwd }: DeployRun, args: string[]) {
  const { AWS_REGION: _, AWS_DEFAULT_REGION: __, ...env } = process.env
  const command = cwd
    ? [join(ROOT, 'scripts', 'deploy')]
    : [process.execPath, join(ROOT, 'scripts', 'deployment', 'main.ts')]
  const [program = '', ...before] = command
  const { exitCode, stdout, stderr } = await execa(program, [...before, ...args], {
    env: { ...env, PATH: `${bin}:${process.env.PATH}`, AWS_STAND_IN: file, LAMBCI_POLL_MS: '5' },
    extendEnv: false,
    reject: false,
    ...(cwd && { cwd }),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  })
  return { exitCode, stdout, stderr }
}
