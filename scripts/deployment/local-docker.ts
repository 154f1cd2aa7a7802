import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../../src/model/user-error.ts'
import type { Context } from './context.ts'
import { DeployFailure } from './failure.ts'
import type { ImageOptions, ImageSource } from './image-source.ts'

/** Docker's names for the architectures of Lambda. */
const PLATFORMS: Record<string, string> = { x86_64: 'linux/amd64', arm64: 'linux/arm64' }
/** The length of the end of Docker's output in a message, in characters. */
const MOST_OUTPUT = 2000

type Run = (args: readonly string[], input?: string) => Promise<void>

/** @throws UserError if no Docker runs on this machine */
export async function requireDocker({ io }: Pick<Context, 'io'>): Promise<void> {
  const { failed } = await execa('docker', ['version'], { env: io.env, extendEnv: false, reject: false })
  if (failed)
    throw new UserError(
      'Docker is not installed on this machine, or does not run. Start it, or deploy without --docker: CodeBuild then builds the image.',
    )
}

/**
 * Builds an image with the Docker of this machine as CodeBuild does (cloudformation/bootstrap.yaml), and pushes it.
 * @param uri the destination of the push, with its tag
 * @throws DeployFailure if Docker fails
 */
export async function buildWithDocker(
  context: Context,
  uri: string,
  { files, dockerfile }: ImageSource,
  { architecture, base, toolchains }: Omit<ImageOptions, 'dockerfile' | 'bundle'>,
): Promise<void> {
  const { print } = context
  const directory = await mkdtemp(join(tmpdir(), 'lambci-image-'))
  const run = openDocker(context, directory)
  const registry = uri.slice(0, uri.indexOf('/'))
  try {
    for (const [name, bytes] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true })
      await writeFile(join(directory, name), bytes)
    }
    print('  building with Docker on this machine; the first build takes some minutes')
    const variables = ['--build-arg', `BASE=${base}`, '--build-arg', `TOOLCHAINS=${toolchains}`]
    const place = ['--platform', PLATFORMS[architecture] ?? architecture, '-f', dockerfile, '-t', uri, '.']
    await run(['build', ...variables, ...place])
    await run(['login', '--username', 'AWS', '--password-stdin', registry], await passwordOf(context))
    print('  pushing')
    await run(['push', uri]).finally(() => run(['logout', registry]).catch(() => {}))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function openDocker({ io }: Context, directory: string): Run {
  // Lambda does not take an image with attestations, which is an index. The classic builder makes none, and does not know the option.
  const env = { ...io.env, BUILDX_NO_DEFAULT_ATTESTATIONS: '1' }
  return async (args, input = '') => {
    const options = { cwd: directory, env, extendEnv: false, input, all: true, reject: false } as const
    const { failed, all } = await execa('docker', args, options)
    if (failed)
      throw new DeployFailure(
        `"docker ${args[0]}" failed. Fix the error and deploy again.\n${String(all ?? '').slice(-MOST_OUTPUT)}`,
      )
  }
}

/** A password that lasts twelve hours. https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html */
async function passwordOf({ aws }: Context): Promise<string> {
  const { authorizationData } = await aws.run('ecr', 'get-authorization-token')
  const token = Buffer.from(String(authorizationData?.[0]?.authorizationToken ?? ''), 'base64').toString()
  return token.slice(token.indexOf(':') + 1)
}
