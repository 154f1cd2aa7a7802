import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { link, runTwice } from './install.ts'
import { CACHE, EMULATOR, ENVIRONMENT, RUNTIME_CLIENT, S3_GATEWAY } from './tools.ts'

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

/** Installs a Go program, and makes this path a link to it. */
async function installModule(module: string, version: string, path: string): Promise<void> {
  const versioned = `${path}-${version}`
  if (!existsSync(versioned)) {
    console.log(`Installing ${basename(path)}`)
    const own = newDirectory()
    await runTwice(`Go cannot install ${module}`, 'go', ['install', `${module}@${version}`], { GOBIN: own })
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
