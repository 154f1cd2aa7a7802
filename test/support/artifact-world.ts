import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Artifact, type ArtifactSpec, artifactKey } from '../../src/model/artifact.ts'
import type { ArtifactContext } from '../../src/results/artifact-context.ts'
import { packArtifacts } from '../../src/results/pack-artifacts.ts'
import { type NeededArtifact, unpackArtifacts } from '../../src/results/unpack-artifacts.ts'
import { type Bucket, openDirectBucket } from './bucket.ts'

export const dist: ArtifactSpec = { name: 'dist', paths: ['dist'], when: 'passed' }

/** A job with a sandbox of its own. */
export type ArtifactJob = {
  workspace: string
  /** The sandbox. */
  directory: string
  /** What it has logged. */
  lines: string[]
  /** Writes a file; its name, unless other content is given. */
  write(name: string, content?: string | Buffer): void
  read(name: string): string
  /** Packs artifacts, by default `dist`, as the job with this title. */
  pack(specs?: readonly ArtifactSpec[], from?: string): Promise<NeededArtifact[]>
  packAt(prefix: string, specs?: readonly ArtifactSpec[], passed?: boolean): Promise<Artifact[]>
  unpack(...needed: NeededArtifact[]): Promise<void>
}

/** The jobs of a build, which pass artifacts to each other by way of a bucket. */
export type ArtifactWorld = {
  bucket: Bucket
  root: string
  openJob(change?: Partial<ArtifactContext>): ArtifactJob
  /** Of the keys of another attempt. */
  newPrefix(): string
  /** What a hostile job has stored, and recorded as its artifact. */
  store(archive: Uint8Array, change?: Partial<Artifact>): Promise<NeededArtifact>
  close(): Promise<void>
}

export async function openArtifactWorld(): Promise<ArtifactWorld> {
  const bucket = await openDirectBucket()
  const root = await mkdtemp(join(tmpdir(), 'artifacts-'))
  let sandboxes = 0
  let attempts = 0
  const newPrefix = () => `out/gh/ada/web/7/${++attempts}/1/`

  function openJob(change: Partial<ArtifactContext> = {}): ArtifactJob {
    const directory = join(root, String(++sandboxes))
    const workspace = join(directory, 'workspace')
    mkdirSync(workspace, { recursive: true })
    const lines: string[] = []
    const context: ArtifactContext = {
      store: bucket.store,
      sandbox: { directory, workspace },
      path: process.env.PATH ?? '',
      deadline: Date.now() + 60_000,
      signal: new AbortController().signal,
      logLine: async line => void lines.push(line),
      ...change,
    }
    return {
      ...{ workspace, directory, lines },
      write: (name, content = name) => {
        mkdirSync(join(workspace, name, '..'), { recursive: true })
        writeFileSync(join(workspace, name), content)
      },
      read: name => readFileSync(join(workspace, name), 'utf8'),
      pack: async (specs = [dist], from = 'build') => {
        const prefix = newPrefix()
        const packed = await packArtifacts(context, prefix, specs, true)
        return packed.map((artifact, index) => ({
          ...{ artifact, declared: specs[index]?.paths ?? [], prefix, from },
        }))
      },
      packAt: (prefix, specs = [dist], passed = true) => packArtifacts(context, prefix, specs, passed),
      unpack: (...needed) => unpackArtifacts(context, needed),
    }
  }

  return {
    ...{ bucket, root, openJob, newPrefix },
    store: async (archive, change = {}) => {
      const prefix = newPrefix()
      const artifact: Artifact = {
        ...{ name: 'dist', bytes: archive.length, unpackedBytes: 0, files: 1, paths: ['dist'] },
        sha256: createHash('sha256').update(archive).digest('hex'),
        ...change,
      }
      await bucket.store.put(artifactKey(prefix, artifact), archive, 'application/zstd')
      return { artifact, declared: artifact.paths, prefix, from: 'mallory' }
    },
    close: async () => {
      await bucket.close()
      execFileSync('chmod', ['-R', 'u+rwX', root])
      rmSync(root, { recursive: true })
    },
  }
}
