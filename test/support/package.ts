import { mkdir, readdir } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { execa } from 'execa'

const ROOT = join(import.meta.dirname, '..', '..')

/**
 * Packs this checkout with `npm pack` into a directory and installs it there as a user would, with an empty HOME, an empty prefix
 * and no network. `node` runs npm and what it installs.
 * @throws Error with npm's message if either fails
 */
export async function installPackage(directory: string, node = process.execPath) {
  const [home, prefix] = [join(directory, 'home'), join(directory, 'prefix')]
  await Promise.all([home, prefix].map(path => mkdir(path)))
  const path = [join(prefix, 'bin'), dirname(node), process.env.PATH].join(delimiter)
  const options = {
    env: { PATH: path, HOME: home, AWS_EC2_METADATA_DISABLED: 'true' },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    cwd: home,
  } as const
  const packed = await execa('npm', ['pack', '--json', '--pack-destination', directory], {
    ...options,
    cwd: ROOT,
  })
  if (packed.failed) throw new Error(packed.stderr)
  const [name = ''] = (await readdir(directory)).filter(each => each.endsWith('.tgz'))
  const tarball = join(directory, name)
  const installed = await execa(
    'npm',
    ['install', '--global', '--offline', '--prefix', prefix, tarball],
    options,
  )
  if (installed.failed) throw new Error(installed.stderr)
  return {
    home,
    tarball,
    installed,
    at: join(prefix, 'lib', 'node_modules', 'lambci-next'),
    /** Runs `lambci` as the shell would find it, in the empty HOME unless another directory is given. */
    lambci: async (
      args: readonly string[],
      { cwd = home, env = {} }: { cwd?: string; env?: object } = {},
    ) => {
      const { exitCode, stdout, stderr } = await execa('lambci', args, {
        ...options,
        env: { ...options.env, ...env },
        cwd,
      })
      return { exitCode, stdout, stderr }
    },
  }
}
