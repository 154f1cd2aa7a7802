import { UserError } from '../../src/model/user-error.ts'
import { z } from '../../src/model/zod.ts'
import type { Context } from './context.ts'
import { DeployFailure } from './failure.ts'
import type { Options } from './options.ts'
import type { StackState } from './stack.ts'

const REPOSITORY = 'lambda/nodejs'
const TAG = '24'
/** The base image of image/Dockerfile, unless the deploy gives a digest. */
export const BASE = `public.ecr.aws/${REPOSITORY}:${TAG}`
const REGISTRY = 'https://public.ecr.aws'
/** The media types of an image for several architectures, which share its digest. */
const INDEXES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]
const TIMEOUT_MS = 30_000
const tokenSchema = z.object({ token: z.string().min(1).max(100_000) })
const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/)

/** Parameters of the bootstrap stack that determine the build image. Undefined keeps the current value or the default. */
export type ImageParameters = { BaseImage: string | undefined; Toolchains: string | undefined }

/** The base image that the bootstrap stack has recorded, by its digest. Null if there is none, or one of another tag. */
export function recordedBase(bootstrap: StackState | null): string | null {
  const recorded = bootstrap?.parameters.BaseImage ?? ''
  return recorded.startsWith(`${BASE}@sha256:`) ? recorded : null
}

/**
 * The parameters for a deploy. The tag of the base image is resolved to its digest at first, and then only if the options say so. The
 * image is thus rebuilt only after a change that the user knows about.
 * @throws DeployFailure if the registry does not answer
 */
export async function chooseImageParameters(
  { print, io }: Context,
  { image, updateBase, parameters: { Toolchains } }: Options,
  bootstrap: StackState | null,
): Promise<ImageParameters> {
  if (image !== undefined) return { BaseImage: undefined, Toolchains }
  const recorded = recordedBase(bootstrap)
  if (recorded !== null && !updateBase) return { BaseImage: recorded, Toolchains }
  const BaseImage = `${BASE}@${await readDigest(io.env.LAMBCI_REGISTRY_URL ?? REGISTRY)}`
  const isSame = BaseImage === recorded
  print(isSame ? `  ${BASE} has not changed` : `  ${BASE} is ${BaseImage.slice(BASE.length + 1)}`)
  return { BaseImage, Toolchains }
}

/** https://distribution.github.io/distribution/spec/api/. ECR Public gives anyone a token for it. */
async function readDigest(registry: string): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const query = new URLSearchParams({ service: 'public.ecr.aws', scope: `repository:${REPOSITORY}:pull` })
    const granted = await fetch(`${registry}/token/?${query}`, { signal })
    if (!granted.ok) throw new Error(`HTTP ${granted.status} for a token`)
    const { token } = tokenSchema.parse(await granted.json())
    const headers = { authorization: `Bearer ${token}`, accept: INDEXES.join(', ') }
    const answer = await fetch(`${registry}/v2/${REPOSITORY}/manifests/${TAG}`, {
      method: 'HEAD',
      headers,
      signal,
    })
    if (!answer.ok) throw new Error(`HTTP ${answer.status} for the manifest`)
    return digestSchema.parse(answer.headers.get('docker-content-digest'))
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } }
    const reason = error instanceof z.ZodError ? 'its answer is not a digest' : (cause?.code ?? message)
    throw new DeployFailure(
      `${REGISTRY} did not give the digest of ${BASE}: ${reason}. Check the network connection, and deploy again.`,
    )
  }
}

const TOOLCHAINS = ['go', 'java', 'php', 'ruby', 'rust', 'node20', 'node22']

/** @throws UserError if a toolchain is unknown */
export function checkToolchains(given = 'none'): void {
  const unknown = given === 'none' ? undefined : given.split(',').find(name => !TOOLCHAINS.includes(name))
  if (unknown !== undefined)
    throw new UserError(
      `--param Toolchains=${given}: there is no toolchain "${unknown}". Write none, or names separated by commas: ${TOOLCHAINS.join(', ')}.`,
    )
}
