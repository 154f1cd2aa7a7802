import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../src/model/user-error.ts'
import type { Bundle } from '../bundle.ts'
import { hashOf } from './artifacts.ts'

const OWN_DOCKERFILE = 'Dockerfile'
/** Where Dockerfiles find the bundle. */
const BUNDLE = join('dist', 'build')

/** What an image is built from, by path; its tag is the hash of it all, so that an image is built once. */
export type ImageSource = { files: Record<string, Uint8Array>; dockerfile: string; tag: string }

export type Ingredients = {
  /** One of their own; ours otherwise. */
  dockerfile?: string | undefined
  bundle: Bundle
  /** It counts for the tag: an image of the same content for another processor is another image. */
  architecture: string
}

/** Reads the Dockerfile and what lies beside ours. */
export async function readImageSource(
  root: string,
  { dockerfile: given, bundle, architecture }: Ingredients,
): Promise<ImageSource> {
  const dockerfile = given === join(root, 'image', 'Dockerfile') ? undefined : given
  const beside = await readdir(join(root, 'image'), { recursive: true, withFileTypes: true })
  const names = beside.flatMap(entry =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(root.length + 1)] : [],
  )
  const files: Record<string, Uint8Array> = {}
  for (const name of names.toSorted()) files[name] = await readFile(join(root, name))
  for (const [name, bytes] of Object.entries(bundle)) files[join(BUNDLE, name)] = bytes
  if (dockerfile !== undefined) files[OWN_DOCKERFILE] = await readDockerfile(dockerfile)
  const chosen = dockerfile === undefined ? 'image/Dockerfile' : OWN_DOCKERFILE
  const parts = Object.entries(files).flat()
  const hash = hashOf(architecture, chosen, ...parts)
  return { files, dockerfile: chosen, tag: dockerfile === undefined ? hash : `own-${hash}` }
}

/** @throws Problem where there is none */
export const readDockerfile = (path: string): Promise<Uint8Array> =>
  readFile(path).catch(() => {
    throw new UserError(`There is no Dockerfile at ${path}: give its path with --dockerfile.`)
  })

/**
 * Keeps a deploy from putting our image in the place of one of their own without being told so.
 * @param current the URI of the image in use
 * @throws Problem that says how to go on with it, and how to go back
 */
export function expectSameKind(current: string, stack: string): void {
  const back = 'or go back to ours with "--dockerfile image/Dockerfile"'
  const [, tag] = new RegExp(`/${stack}-bootstrap:(.*)$`).exec(current) ?? []
  if (tag === undefined)
    throw new UserError(
      `Builds run in an image of your own, ${current}. Name it again with --image, or a newer one that carries the new dist/build/, ${back}.`,
    )
  if (tag.startsWith('own-'))
    throw new UserError(
      `Builds run in an image from a Dockerfile of your own. Give it again with --dockerfile, ${back}.`,
    )
}
