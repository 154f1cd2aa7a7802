import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { z } from '../../src/model/zod.ts'
import { link, runTwice } from './install.ts'
import { CACHE, EMULATOR, ENVIRONMENT, RUNTIME_CLIENT, S3_GATEWAY } from './tools.ts'

/** As new as the newest of these programs needs. */
const GO_VERSION = '1.26.6'
const moduleSchema = z.object({ Dir: z.string() })
const EMULATOR_MODULE = 'github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie'
const EMULATOR_VERSION = 'v0.0.0-20261030222936-bef5c4ba774d'
const CLIENT_VERSION = '4.0.2'
const GATEWAY_MODULE = 'github.com/versity/versitygw/cmd/versitygw'
const GATEWAY_VERSION = 'v1.8.0'

/** AWS's Runtime Interface Emulator, and AWS's runtime client for Node, which is the one in Lambda's images. */
export const installEmulator = (): Promise<unknown> =>
  Promise.all([installModule(EMULATOR_MODULE, EMULATOR_VERSION, EMULATOR), installRuntimeClient()])

/** An S3 of others, which keeps objects in files. */
export const installS3Gateway = () => installModule(GATEWAY_MODULE, GATEWAY_VERSION, S3_GATEWAY)

let newGo: Promise<string> | undefined

/** The path of a Go that can compile these programs. That of a system may be years old, and can download another one as a module. */
const installGo = (): Promise<string> => {
  newGo ??= downloadGo()
  return newGo
}

async function downloadGo(): Promise<string> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const module = `golang.org/toolchain@v0.0.1-go${GO_VERSION}.${process.platform}-${architecture}`
  const { stdout } = await execa('go', ['mod', 'download', '-json', module], { cwd: CACHE })
  const { Dir: directory } = moduleSchema.parse(JSON.parse(stdout))
  // Go before 1.21 does not know that there are programs in it.
  await execa('chmod', ['-R', 'u+x', join(directory, 'bin'), join(directory, 'pkg', 'tool')])
  return join(directory, 'bin', 'go')
}

/** Installs a Go program, and makes this path a link to it. */
async function installModule(module: string, version: string, path: string): Promise<void> {
  const versioned = `${path}-${version}`
  if (!existsSync(versioned)) {
    console.log(`Installing ${basename(path)}`)
    const own = newDirectory()
    const go = await installGo()
    const env = { GOBIN: own, GOTOOLCHAIN: 'local' }
    await runTwice(`Go cannot install ${module}`, go, ['install', `${module}@${version}`], env)
    await rename(join(own, basename(path)), versioned)
    await rm(own, { recursive: true })
  }
  await link(versioned, path)
}

/** One that another run does not use. What remains of it after a failure is removed some day. */
const newDirectory = () => join(CACHE, `${ENVIRONMENT}${randomUUID()}`)

/** Its part in C++ is compiled against the headers of this Node. */
async function installRuntimeClient(): Promise<void> {
  const versioned = `${RUNTIME_CLIENT}-${CLIENT_VERSION}-${process.versions.modules}`
  if (!existsSync(versioned)) {
    console.log('Installing aws-lambda-ric')
    const own = newDirectory()
    await mkdir(own, { recursive: true })
    const options = ['--no-audit', '--no-fund', '--prefix', own]
    const headers = dirname(dirname(process.execPath))
    const env = existsSync(join(headers, 'include', 'node')) ? { npm_config_nodedir: headers } : {}
    const install = ['install', ...options, `aws-lambda-ric@${CLIENT_VERSION}`]
    await runTwice('npm cannot install aws-lambda-ric', 'npm', install, env)
    await rename(own, versioned)
  }
  await link(versioned, RUNTIME_CLIENT)
}
