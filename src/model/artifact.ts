import { jobNameSchema } from './job.ts'
import { z } from './zod.ts'

/** An artifact's name, followed by the cell of a matrix or the shard, if any: `dist`, `coverage/2`. */
export const ARTIFACT_NAME = /^[a-z][a-z0-9-]{0,29}(?:\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,80})?$/

/** How long an archive is kept in `out/`: until the end of the day (UTC) this many days later. */
export const ARTIFACT_DAYS = 30

/** The most artifacts of one job, and the most paths of one artifact. */
export const MOST_ARTIFACTS = 20
export const MOST_ARTIFACT_PATHS = 20

/** The largest archive, in bytes. */
export const MOST_PACKED_BYTES = 1024 ** 3

/** Larger sizes are never right, whatever the limits of packing are. */
const MOST_BYTES = 10_000_000_000
const MOST_FILES = 1_000_000

/**
 * A path below the workspace, without a slash at its end. Neither `.git` nor the workspace itself.
 * https://git-scm.com/docs/gitrepository-layout
 */
const artifactPath = z
  .string()
  .max(300)
  .regex(/^[^/\0\n]+(?:\/[^/\0\n]+)*$/)
  .refine(path => !path.split('/').some(part => part === '.' || part === '..') && !/^\.git(\/|$)/i.test(path))

export const artifactPathsSchema = z.array(artifactPath).min(1).max(MOST_ARTIFACT_PATHS)

/** The names of artifacts as declared: the same for all cells and shards of a job. */
export const artifactNamesSchema = z.array(jobNameSchema).max(MOST_ARTIFACTS)

/** The record of a packed artifact. Its job writes it, so it is evidence of nothing else. */
export const artifactSchema = z.object({
  name: z.string().regex(ARTIFACT_NAME),
  /** The size of the archive. */
  bytes: z.int().positive().max(MOST_BYTES),
  /** SHA-256 of the archive. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The size of its files. A file with holes counts in full. */
  unpackedBytes: z.int().nonnegative().max(MOST_BYTES),
  /** Files and links. */
  files: z.int().nonnegative().max(MOST_FILES),
  /** The declared paths that are in it. */
  paths: artifactPathsSchema,
})
export type Artifact = z.infer<typeof artifactSchema>

/** The artifacts of one job, on record. */
export const artifactsSchema = z.array(artifactSchema).max(MOST_ARTIFACTS)

/** An artifact as declared. `when`: whether it is packed only if the command has passed. */
export type ArtifactSpec = { name: string; paths: readonly string[]; when: 'passed' | 'always' }

/** The key of the list of a job's artifacts, below the prefix of its attempt. There is no list if there are no artifacts. */
export const artifactListKey = (prefix: string) => `${prefix}artifacts.json`

/** The key of an archive, below the prefix of its job's attempt (`out/gh/<owner>/<repo>/<n>/<k>/<attempt>/`). */
export const artifactKey = (prefix: string, { name }: Pick<Artifact, 'name'>) =>
  `${prefix}artifacts/${name}.tar.zst`

/** The artifacts of a list with one of these names, each with all of its cells and shards. */
export const artifactsNamed = (artifacts: readonly Artifact[], names: readonly string[]): Artifact[] =>
  artifacts.filter(({ name }) => names.includes(name.split('/')[0] ?? ''))
