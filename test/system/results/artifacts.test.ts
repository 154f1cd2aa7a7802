import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Artifact, type ArtifactSpec, artifactKey, artifactSchema } from '../../../src/model/artifact.ts'
import type { ArtifactContext, Limits } from '../../../src/results/artifact-context.ts'
import { packArtifacts } from '../../../src/results/pack-artifacts.ts'
import { type NeededArtifact, unpackArtifacts } from '../../../src/results/unpack-artifacts.ts'
import { type Bucket, keysIn, openBucket } from '../../support/bucket.ts'
import { applyChanges, changes, describeTree } from '../../support/file-tree.ts'
import { HOSTILE_ARCHIVES, ONLY_IN_CACHES, tarOf } from '../../support/hostile-archives.ts'

let bucket: Bucket
let root: string
beforeAll(async () => {
  bucket = await openBucket()
  root = await mkdtemp(join(tmpdir(), 'artifacts-'))
})
afterAll(async () => {
  await bucket.close()
  execFileSync('chmod', ['-R', 'u+rwX', root])
  rmSync(root, { recursive: true })
})

let sandboxes = 0
let attempts = 0
const newPrefix = () => `out/gh/ada/web/7/${++attempts}/1/`

/** A sandbox of its own, as each job has. */
function openJob(change: Partial<ArtifactContext> = {}) {
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
  const write = (name: string, content: string | Buffer = name) => {
    mkdirSync(join(workspace, name, '..'), { recursive: true })
    writeFileSync(join(workspace, name), content)
  }
  const read = (name: string) => readFileSync(join(workspace, name), 'utf8')
  return { context, workspace, directory, lines, write, read }
}
type Job = ReturnType<typeof openJob>

const dist: ArtifactSpec = { name: 'dist', paths: ['dist'], when: 'passed' }

/** Packs artifacts, as the job with this title. */
async function pack(
  job: Job,
  specs: readonly ArtifactSpec[] = [dist],
  from = 'build',
): Promise<NeededArtifact[]> {
  const prefix = newPrefix()
  const packed = await packArtifacts(job.context, prefix, specs, true)
  return packed.map((artifact, index) => ({ artifact, declared: specs[index]?.paths ?? [], prefix, from }))
}

/** What a hostile job has stored, and recorded as its artifact. */
async function store(archive: Uint8Array, change: Partial<Artifact> = {}): Promise<NeededArtifact> {
  const prefix = newPrefix()
  const artifact: Artifact = {
    ...{ name: 'dist', bytes: archive.length, unpackedBytes: 0, files: 1, paths: ['dist'] },
    sha256: createHash('sha256').update(archive).digest('hex'),
    ...change,
  }
  await bucket.store.put(artifactKey(prefix, artifact), archive, 'application/zstd')
  return { artifact, declared: ['dist'], prefix, from: 'mallory' }
}

test('an artifact is on record with what was stored, and replaces what is at its path in the next job', async () => {
  const producer = openJob()
  for (const name of ['dist/app.js', 'dist/deep/x', 'src/a.js']) producer.write(name)
  const needed = await pack(producer)
  expect(producer.lines).toEqual(['Artifact dist: 2 files, 22 bytes'])
  const [{ artifact, prefix }] = needed as [NeededArtifact]
  const { body } = (await bucket.store.get(artifactKey(prefix, artifact))) ?? { body: new Uint8Array() }
  expect(artifactSchema.parse(JSON.parse(JSON.stringify(artifact)))).toEqual({
    ...{ name: 'dist', unpackedBytes: 22, files: 2, paths: ['dist'], bytes: body.length },
    sha256: createHash('sha256').update(body).digest('hex'),
  })
  const consumer = openJob()
  for (const name of ['dist/tracked', 'src/tracked']) consumer.write(name)
  await unpackArtifacts(consumer.context, needed)
  expect(consumer.lines).toEqual(['Artifact dist of build: 2 files, 22 bytes'])
  expect(readdirSync(join(consumer.workspace, 'dist')).toSorted()).toEqual(['app.js', 'deep'])
  expect(readdirSync(join(consumer.workspace, 'src'))).toEqual(['tracked'])
  expect(readdirSync(consumer.directory)).toEqual(['workspace'])
})

/** More with `ARTIFACT_RUNS`. */
const RUNS = Number(process.env.ARTIFACT_RUNS ?? 8)

test(
  'whatever commands leave arrives as it was, or is refused with a sentence',
  async () => {
    let arrived = 0
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 3 }), async lists => {
        const producer = openJob()
        mkdirSync(join(producer.workspace, 'dist'))
        for (const list of lists) applyChanges(join(producer.workspace, 'dist'), list)
        const before = describeTree(producer.workspace)
        const needed = await pack(producer).catch(error => error)
        if (needed instanceof Error) {
          expect(needed).toMatchObject({
            name: 'UserError',
            message: expect.stringMatching(/^Artifact dist: .+\.$/),
          })
          return
        }
        const consumer = openJob()
        await unpackArtifacts(consumer.context, needed)
        expect(describeTree(consumer.workspace)).toEqual(before)
        arrived += 1
      }),
      { numRuns: RUNS },
    )
    expect(arrived).toBeGreaterThan(0)
  },
  RUNS * 10_000,
)

test.each<[string, (job: Job) => unknown, RegExp]>([
  ['does not exist', () => {}, /^Artifact dist: dist does not exist after the command\.$/],
  [
    'is a link',
    ({ write, workspace }) => [write('lib/x'), symlinkSync('lib', join(workspace, 'dist'))],
    /^Artifact dist: dist is a link\. Declare the path that it leads to\.$/,
  ],
  [
    'has a link out of the workspace',
    ({ write, workspace }) => [write('dist/x'), symlinkSync('/etc', join(workspace, 'dist/etc'))],
    /the link dist\/etc leads to \/etc, which is not in the artifact/,
  ],
  [
    'has a link to another path',
    ({ write, workspace }) => [write('dist/x'), symlinkSync('../src', join(workspace, 'dist/src'))],
    /the link dist\/src leads to \.\.\/src, which is not in the artifact/,
  ],
  [
    'has a named pipe',
    ({ write, workspace }) => [write('dist/x'), execFileSync('mkfifo', [join(workspace, 'dist/pipe')])],
    /dist\/pipe is a named pipe, which no artifact may contain/,
  ],
  [
    'is too large',
    ({ write, workspace }) => [write('dist/x'), truncateSync(join(workspace, 'dist/x'), 2_000_000)],
    /it has more than 1 MB. The largest file so far is dist\/x with 1\.9 MB/,
  ],
  [
    'has too many files',
    ({ write }) => Array.from({ length: 50 }, (_, index) => write(`dist/${index}`)),
    /it has more than 40 files and directories/,
  ],
])('a path that %s is refused with a sentence, and nothing is stored', async (_, make, message) => {
  const limits: Limits = { packedBytes: 1024 ** 2, unpackedBytes: 1024 ** 2, entries: 40 }
  const job = openJob({ limits })
  make(job)
  const prefix = newPrefix()
  await expect(packArtifacts(job.context, prefix, [dist], true)).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(message),
  })
  expect(await keysIn(bucket, prefix)).toEqual([])
})

test('several artifacts may have the same path with the same content, and not with another one', async () => {
  const producers = ['1', '2', '3'].map(() => openJob())
  const needed: NeededArtifact[] = []
  for (const [index, job] of producers.entries()) {
    job.write(`dist/only-${index}`)
    job.write('dist/same', 'same')
    if (index === 2) job.write('dist/only-1', 'other')
    const spec = { ...dist, name: `dist/${index + 1}` }
    needed.push(...(await pack(job, [spec], `unit (${index + 1}/3)`)))
  }
  const consumer = openJob()
  await unpackArtifacts(consumer.context, needed.slice(0, 2))
  expect(readdirSync(join(consumer.workspace, 'dist')).toSorted()).toEqual(['only-0', 'only-1', 'same'])
  const other = openJob()
  await expect(unpackArtifacts(other.context, needed)).rejects.toThrow(
    'Artifact dist/2 of unit (2/3) and Artifact dist/3 of unit (3/3) both contain dist/only-1, but not the same.',
  )
  expect(readdirSync(other.directory)).toEqual(['workspace'])
  expect(readdirSync(other.workspace)).toEqual([])
})

test.each(Object.entries({ ...HOSTILE_ARCHIVES, ...ONLY_IN_CACHES }))(
  'a hostile archive is refused, and changes nothing: %s',
  async (_, archive) => {
    const needed = await store(zstdCompressSync(archive('dist')))
    const consumer = openJob()
    for (const name of ['tracked', 'dist/tracked', '.git/hooks/x']) consumer.write(name, 'good')
    const before = describeTree(consumer.directory)
    await expect(unpackArtifacts(consumer.context, [needed])).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(/^Artifact dist of mallory/),
    })
    expect(describeTree(consumer.directory)).toEqual(before)
  },
)

test.each<[string, Partial<Artifact>, RegExp]>([
  ['another hash', { sha256: '0'.repeat(64) }, /is not what its job has stored/],
  ['another size', { bytes: 7 }, /is not what its job has stored/],
  ['another number of files', { files: 7 }, /is not what its record says/],
  ['another size of its files', { unpackedBytes: 7 }, /is not what its record says/],
  ['a path that the plan does not have', { paths: ['dist', 'src'] }, /its record has the path src/],
  ['a path that is not in the archive', {}, /lib cannot be read \(ENOENT\)/],
])('a record with %s is refused', async (what, change, message) => {
  const needed = await store(zstdCompressSync(tarOf({ name: 'dist/x' })), change)
  const consumer = openJob()
  consumer.write('dist/tracked')
  const isMissing = what === 'a path that is not in the archive'
  const artifact = isMissing ? { ...needed.artifact, paths: ['dist', 'lib'] } : needed.artifact
  const declared = isMissing ? artifact.paths : needed.declared
  await expect(unpackArtifacts(consumer.context, [{ ...needed, artifact, declared }])).rejects.toThrow(
    message,
  )
  expect(readdirSync(join(consumer.workspace, 'dist'))).toEqual(['tracked'])
})
