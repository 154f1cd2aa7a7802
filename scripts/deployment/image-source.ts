import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../src/model/user-error.ts'
import type { Bundle } from '../bundle.ts'
import { hashOf } from './artifacts.ts'

const CUSTOM_DOCKERFILE = 'Dockerfile'
/** Path of the bundle of the run functions in the build context. Dockerfiles copy it from there. */
const BUNDLE = join('dist', 'run')

/** The build context of an image: files by path. The tag is the hash of everything, so that each image is built only once. */
export type ImageSource = { files: Record<string, Uint8Array>; dockerfile: string; tag: string }

export type ImageOptions = {
  /** Path of a custom Dockerfile; the default is image/Dockerfile. */
  dockerfile?: string | undefined
  bundle: Bundle
  /** Part of the hash: images for different architectures need different tags. */
  architecture: string
  /** The base image with its digest, and the toolchains. */
  base: string
  toolchains: string
}

/** Reads the Dockerfile and all files in `image/`. */
export async function readImageSource(
  root: string,
  { dockerfile: given, bundle, architecture, base, toolchains }: ImageOptions,
): Promise<ImageSource> {
  const dockerfile = given === join(root, 'image', 'Dockerfile') ? undefined : given
  const entries = await readdir(join(root, 'image'), { recursive: true, withFileTypes: true })
  const names = entries.flatMap(entry =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(root.length + 1)] : [],
  )
  const files: Record<string, Uint8Array> = {}
  for (const name of names.toSorted()) files[name] = await readFile(join(root, name))
  for (const [name, bytes] of Object.entries(bundle)) files[join(BUNDLE, name)] = bytes
  if (dockerfile !== undefined) files[CUSTOM_DOCKERFILE] = await readDockerfile(dockerfile)
  const chosen = dockerfile === undefined ? 'image/Dockerfile' : CUSTOM_DOCKERFILE
  const parts = Object.entries(files).flat()
  const hash = hashOf(architecture, base, toolchains, chosen, ...parts)
  return { files, dockerfile: chosen, tag: dockerfile === undefined ? hash : `own-${hash}` }
}

/** @throws UserError if there is no such file */
export const readDockerfile = (path: string): Promise<Uint8Array> =>
  readFile(path).catch(() => {
    throw new UserError(`There is no Dockerfile at ${path}. Check the path given with --dockerfile.`)
  })

/**
 * Prevents a deploy without image options from replacing a custom image by the default one.
 * @param current the URI of the image in use
 * @throws UserError if it is a custom image
 */
export function requireSameImageKind(current: string, stack: string): void {
  const orReset = 'or switch back to the default image with "--dockerfile image/Dockerfile"'
  const [, tag] = new RegExp(`/${stack}-bootstrap:(.*)$`).exec(current) ?? []
  if (tag === undefined)
    throw new UserError(
      `The stack uses a custom image, ${current}. Give it again with --image, or a newer one that contains the new dist/run/, ${orReset}.`,
    )
  if (tag.startsWith('own-'))
    throw new UserError(
      `The stack uses an image from a custom Dockerfile. Give it again with --dockerfile, ${orReset}.`,
    )
}
