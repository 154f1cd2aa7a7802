import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { installPackage } from '../support/package.ts'

const OLDEST = manifest.engines.node.replace('>=', '')
const EXAMPLE = /^#1 of example\/hello, push\/master: Passed in [\d.]+ s, deployed to dev$/m

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-package-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

/** Installs a version of Node as npm packages it. Returns the path of the program. */
async function installNode(at: string, version: string): Promise<string> {
  const name = `node-linux-${process.arch}`
  await execa('npm', ['install', '--prefix', at, '--no-save', '--no-audit', `${name}@${version}`])
  return join(at, 'node_modules', name, 'bin', 'node')
}

test.each([OLDEST, '22'])(
  'with Node %s the package is installed and runs without a warning',
  async version => {
    const at = await mkdtemp(join(directory, 'node-'))
    const node = await installNode(join(at, 'node'), version)
    const { installed, lambci } = await installPackage(at, node)
    expect(installed.stderr).toBe('')
    const major = version.replace(/\..*/, '')
    expect((await execa(node, ['--version'])).stdout).toMatch(new RegExp(`^v${major}\\.`))
    expect(await lambci(['--version'])).toEqual({ exitCode: 0, stdout: manifest.version, stderr: '' })
    const local = await lambci(['local', '--once', '--port', '0'])
    expect([local.exitCode, local.stderr]).toEqual([0, ''])
    expect(local.stdout).toMatch(EXAMPLE)
  },
)
