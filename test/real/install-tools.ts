import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { link, run, runTwice, succeeds } from './install.ts'
import { installEmulator, installS3Gateway } from './install-servers.ts'
import { BIN, CACHE, CONSTRAINTS, ENVIRONMENT, PYTHON } from './tools.ts'

/** What the system has, or apt installs. Each is found by the exit code of a command. */
const OF_SYSTEM = [
  {
    name: 'Python 3.11 or newer with venv and pip',
    command: ['python3', '-c', 'import ensurepip, pip, sys, venv; sys.exit(sys.version_info < (3, 11))'],
    packages: ['python3', 'python3-venv', 'python3-pip'],
  },
  { name: 'pip', command: ['pip', '--version'], packages: ['python3-pip'] },
  { name: 'Go', command: ['go', 'version'], packages: ['golang-go'] },
  { name: 'a C compiler', command: ['gcc', '--version'], packages: ['gcc', 'libc6-dev'] },
  { name: 'a C++ compiler', command: ['g++', '--version'], packages: ['g++'] },
  { name: 'make', command: ['make', '--version'], packages: ['make'] },
  { name: 'CMake', command: ['cmake', '--version'], packages: ['cmake'] },
  { name: 'npm', command: ['npm', '--version'], packages: ['npm'] },
]
const OF_PYTHON = ['awscli', 'moto[apigateway]', 'flask', 'flask-cors', 'zappa']

/** Installs what the examples are run with. What is there already, is kept. */
export async function setup(): Promise<void> {
  await installSystemTools()
  await mkdir(BIN, { recursive: true })
  await Promise.all([installPythonTools(), installEmulator(), installS3Gateway()])
  await linkCommands()
}

async function installSystemTools(): Promise<void> {
  const missing = await findMissing()
  if (missing.length === 0) return
  const packages = [...new Set(missing.flatMap(tool => tool.packages))]
  const names = missing.map(({ name }) => name).join(', ')
  const mayInstall = process.getuid?.() === 0 && (await succeeds(['apt-get', '--version']))
  if (!mayInstall)
    throw new Error(
      `"npm run test:real" needs ${names}, which this system does not have. Install it, or run the tests as root where "apt-get install ${packages.join(' ')}" can.`,
    )
  console.log(`Installing ${packages.join(', ')}`)
  const failure = `apt cannot install ${packages.join(', ')}`
  const waits = ['-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=60']
  const install = ['-y', '-qq', ...waits, 'install', '--no-install-recommends', ...packages]
  await runTwice(failure, 'apt-get', ['-qq', ...waits, 'update'])
  await runTwice(failure, 'apt-get', install, { DEBIAN_FRONTEND: 'noninteractive' })
  const left = await findMissing()
  if (left.length === 0) return
  const still = left.map(({ name }) => name).join(', ')
  throw new Error(`"npm run test:real" needs ${still}, which apt does not have for this system. Install it.`)
}

async function findMissing() {
  const found = await Promise.all(OF_SYSTEM.map(({ command }) => succeeds(command)))
  return OF_SYSTEM.filter((_, at) => !found[at])
}

/** The AWS CLI, an AWS to use it with, and Zappa, which deploys a stage for the first time. */
async function installPythonTools(): Promise<void> {
  const { stdout: version } = await execa('python3', ['-c', 'import sys; print(sys.executable, sys.version)'])
  const constraints = await readFile(CONSTRAINTS, 'utf8')
  // The scripts that pip installs contain the path of the environment: one that was moved is of no use.
  const wanted = createHash('sha256')
    .update([CACHE, version, constraints, ...OF_PYTHON].join('\n'))
    .digest('hex')
  const installed = await readFile(join(PYTHON, MARK), 'utf8').catch(() => '')
  if (installed === wanted) return
  await removeOld()
  console.log(`Installing ${OF_PYTHON.join(', ')}`)
  // Another run may install, or use what is there, at the same time.
  const own = join(CACHE, `${ENVIRONMENT}${randomUUID()}`)
  await run('Python cannot make a virtual environment', 'python3', ['-m', 'venv', own])
  const packages = ['--constraint', CONSTRAINTS, ...OF_PYTHON]
  const failure = `pip cannot install ${OF_PYTHON.join(', ')}`
  const pip = ['install', '--quiet', '--disable-pip-version-check', '--retries', '10', ...packages]
  await runTwice(failure, join(own, 'bin', 'pip'), pip)
  await writeFile(join(own, MARK), wanted)
  await link(own, PYTHON)
}

/** The file in an environment that says of what it is made. */
const MARK = 'complete'
const DAY_MS = 86_400_000

/** Removes environments that have been replaced, or were never completed, but none that is in use at this moment. */
async function removeOld(): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const names = (await readdir(CACHE)).filter(name => name.startsWith(ENVIRONMENT))
  for (const path of names.map(name => join(CACHE, name)))
    if (Date.now() - (await stat(path)).mtimeMs > DAY_MS) await rm(path, { recursive: true, force: true })
}

/** What commands find before the system's: not the virtual environment, in which "pip install --user" is refused. */
async function linkCommands(): Promise<void> {
  await link(process.execPath, join(BIN, 'node'))
  await link(join(PYTHON, 'bin', 'aws'), join(BIN, 'aws'))
  await linkPython()
}

/**
 * Python itself, instead of a version manager's shims: after `pip install`, pyenv's wait for a lock that all its users share, and
 * that a process which is killed leaves behind.
 */
async function linkPython(): Promise<void> {
  const { stdout: python } = await execa('python3', ['-c', 'import sys; print(sys.executable)'])
  await link(python, join(BIN, 'python3'))
  const pip = join(dirname(python), 'pip')
  if (await succeeds([pip, '--version'])) await link(pip, join(BIN, 'pip'))
}
