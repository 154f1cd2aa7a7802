import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
} from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ArtifactSpec, artifactKey, artifactSchema } from '../../../src/model/artifact.ts'
import type { Limits } from '../../../src/results/artifact-context.ts'
import type { NeededArtifact } from '../../../src/results/unpack-artifacts.ts'
import { type Rule, startFaultProxy } from '../../faults/fault-proxy.ts'
import {
  type ArtifactJob,
  type ArtifactWorld,
  dist,
  openArtifactWorld,
} from '../../support/artifact-world.ts'
import { keysIn, openAt } from '../../support/bucket.ts'
import { applyChanges, changes, describeTree } from '../../support/file-tree.ts'

let world: ArtifactWorld
beforeAll(async () => {
  world = await openArtifactWorld()
})
afterAll(() => world.close())

const MB = 1024 ** 2

test('an artifact is on record with what was stored, and replaces what is at its path in the next job', async () => {
  const producer = world.openJob()
  for (const name of ['dist/app.js', 'dist/deep/x', 'src/a.js']) producer.write(name)
  linkSync(join(producer.workspace, 'dist/app.js'), join(producer.workspace, 'dist/deep/linked'))
  const needed = await producer.pack([{ ...dist, paths: ['dist/'] }])
  expect(producer.lines).toEqual(['Artifact dist: 3 files, 22 bytes'])
  const [{ artifact, prefix }] = needed as [NeededArtifact]
  const { body } = (await world.bucket.store.get(artifactKey(prefix, artifact))) ?? { body: Buffer.alloc(0) }
  expect(artifactSchema.parse(JSON.parse(JSON.stringify(artifact)))).toEqual({
    ...{ name: 'dist', unpackedBytes: 22, files: 3, paths: ['dist'], bytes: body.length },
    sha256: createHash('sha256').update(body).digest('hex'),
  })
  const consumer = world.openJob()
  for (const name of ['dist/tracked', 'src/tracked']) consumer.write(name)
  await consumer.unpack(...needed)
  expect(consumer.lines).toEqual(['Artifact dist of build: 3 files, 22 bytes'])
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
        const producer = world.openJob()
        mkdirSync(join(producer.workspace, 'dist'))
        for (const list of lists) applyChanges(join(producer.workspace, 'dist'), list)
        const before = describeTree(producer.workspace)
        const needed = await producer.pack().catch(error => error)
        if (needed instanceof Error) {
          expect(needed.name).toBe('UserError')
          expect(needed.message).toMatch(/^Artifact dist: .+\.$/)
          return
        }
        const consumer = world.openJob()
        await consumer.unpack(...needed)
        expect(describeTree(consumer.workspace)).toEqual(before)
        arrived += 1
      }),
      { numRuns: RUNS },
    )
    expect(arrived).toBeGreaterThan(0)
  },
  RUNS * 10_000,
)

test('large files, paths that are not words, empty directories, and files without zstd at hand', async () => {
  const bare = await mkdtemp(join(world.root, 'bin-'))
  symlinkSync(execFileSync('which', ['tar'], { encoding: 'utf8' }).trim(), join(bare, 'tar'))
  const spec: ArtifactSpec = { name: 'all', paths: ['ä b', 'deep/at', 'file'], when: 'passed' }
  for (const path of [process.env.PATH ?? '', bare]) {
    const producer = world.openJob({ path })
    producer.write('ä b/large', randomBytes(9 * MB))
    producer.write('file')
    mkdirSync(join(producer.workspace, 'deep/at/empty'), { recursive: true })
    const consumer = world.openJob({ path })
    consumer.write('deep/tracked')
    await consumer.unpack(...(await producer.pack([spec])))
    const [large, same] = [producer, consumer].map(job => readFileSync(join(job.workspace, 'ä b/large')))
    expect(large?.equals(same ?? Buffer.alloc(0))).toBe(true)
    expect(consumer.read('file')).toBe('file')
    expect(readdirSync(join(consumer.workspace, 'deep')).toSorted()).toEqual(['at', 'tracked'])
    expect(readdirSync(join(consumer.workspace, 'deep/at'))).toEqual(['empty'])
  }
})

const LIMITS: Limits = { packedBytes: MB, unpackedBytes: MB, entries: 40 }

test.each<[string, (job: ArtifactJob) => unknown, RegExp, Partial<Limits>?]>([
  ['does not exist', () => {}, /^Artifact dist: dist does not exist after the command\.$/],
  ['is below a file', ({ write }) => write('dist'), /^Artifact dist: dist\/x does not exist/],
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
    /the link dist\/src leads to \.\.\/src, which is not in the artifact\. Add that path to it, or leave/,
  ],
  [
    'has a named pipe',
    ({ write, workspace }) => [write('dist/x'), execFileSync('mkfifo', [join(workspace, 'dist/pipe')])],
    /dist\/pipe is a named pipe, which no artifact may contain/,
  ],
  [
    'is too large',
    ({ write, workspace }) => [write('dist/x'), truncateSync(join(workspace, 'dist/x'), 2_000_000)],
    /it has more than 1 MB\. The largest file so far is dist\/x with 1\.9 MB/,
  ],
  [
    'is too large when packed',
    ({ write }) => write('dist/x', randomBytes(12 * MB)),
    /it has more than 10 MB when packed/,
    { packedBytes: 10 * MB, unpackedBytes: 20 * MB },
  ],
  [
    'has too many files',
    ({ write }) => Array.from({ length: 50 }, (_, index) => write(`dist/${index}`)),
    /it has more than 40 files and directories/,
  ],
])(
  'a path that %s is refused with a sentence, and nothing is stored',
  async (what, make, message, limits) => {
    const job = world.openJob({ limits: { ...LIMITS, ...limits } })
    make(job)
    const prefix = world.newPrefix()
    const paths = what === 'is below a file' ? ['dist/x'] : ['dist']
    await expect(job.packAt(prefix, [{ ...dist, paths }])).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(message),
    })
    expect(await keysIn(world.bucket, prefix)).toEqual([])
  },
)

test('without tar, nothing is packed, and the error says so', async () => {
  const job = world.openJob({ path: world.root })
  job.write('dist/x')
  const prefix = world.newPrefix()
  await expect(job.packAt(prefix)).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(/^Artifact dist: it could not be packed \(.*tar.*\)\.$/s),
  })
  expect(await keysIn(world.bucket, prefix)).toEqual([])
})

test.each(['/etc', '..', 'a/../../b', '.', 'a//b', '.git', '.git/hooks', '.GIT/hooks', '', '/'])(
  'the path %j is not below the repository',
  async path => {
    const job = world.openJob()
    job.write('.git/hooks/x')
    const refused = /^Artifact dist: its paths must be below the repository/
    await expect(job.packAt(world.newPrefix(), [{ ...dist, paths: [path] }])).rejects.toThrow(refused)
  },
)

test('after a command that has failed, only what is always packed is, and what is wrong with it is logged', async () => {
  const job = world.openJob()
  for (const name of ['dist/x', 'report/x', 'pipes/x']) job.write(name)
  execFileSync('mkfifo', [join(job.workspace, 'pipes/pipe')])
  const always = (name: string, ...paths: string[]): ArtifactSpec => ({ name, paths, when: 'always' })
  const prefix = world.newPrefix()
  const specs = [dist, always('some', 'none', 'report'), always('nothing', 'none'), always('pipes', 'pipes')]
  const packed = await job.packAt(prefix, specs, false)
  expect(packed).toEqual([expect.objectContaining({ name: 'some', paths: ['report'] })])
  expect(job.lines).toEqual([
    'Artifact some: none does not exist after the command.',
    'Artifact some: 1 file, 8 bytes',
    'Artifact nothing: none does not exist after the command.',
    'Artifact pipes: pipes/pipe is a named pipe, which no artifact may contain.',
  ])
  const consumer = world.openJob()
  consumer.write('none')
  await consumer.unpack(
    ...packed.map(artifact => ({ artifact, declared: ['none', 'report'], prefix, from: 'a' })),
  )
  expect(readdirSync(consumer.workspace).toSorted()).toEqual(['none', 'report'])
  await expect(job.packAt(prefix, [always('some', 'none', 'report')])).rejects.toThrow(/none does not exist/)
})

test('the bits that run a file as its owner are dropped, and all others kept', async () => {
  const producer = world.openJob()
  producer.write('dist/run')
  chmodSync(join(producer.workspace, 'dist/run'), 0o6751)
  chmodSync(join(producer.workspace, 'dist'), 0o3775)
  const consumer = world.openJob()
  await consumer.unpack(...(await producer.pack()))
  const modeOf = (name: string) => lstatSync(join(consumer.workspace, name)).mode & 0o7777
  expect(['dist', 'dist/run'].map(modeOf)).toEqual([0o1775, 0o751])
})

test('the artifacts of several jobs come together at the same path, and in one below another', async () => {
  const needed: NeededArtifact[] = []
  for (const [index, path] of ['dist', 'dist', 'dist/sub'].entries()) {
    const job = world.openJob()
    job.write(`${path}/only-${index}`)
    job.write('dist/sub/same')
    symlinkSync('same', join(job.workspace, 'dist/sub/link'))
    chmodSync(join(job.workspace, 'dist/sub'), 0o555)
    needed.push(...(await job.pack([{ ...dist, name: `dist/${index}`, paths: [path] }], `unit (${index}/3)`)))
  }
  for (const all of [needed, needed.toReversed()]) {
    const consumer = world.openJob()
    consumer.write('dist/tracked')
    await consumer.unpack(...all)
    expect(readdirSync(join(consumer.workspace, 'dist')).toSorted()).toEqual(['only-0', 'only-1', 'sub'])
    expect(readdirSync(join(consumer.workspace, 'dist/sub')).toSorted()).toEqual(['link', 'only-2', 'same'])
    expect(readlinkSync(join(consumer.workspace, 'dist/sub/link'))).toBe('same')
  }
})

const writes =
  (...names: string[]) =>
  (job: ArtifactJob) =>
    names.map(name => job.write(name, names.join()))
const links = (target: string) => (job: ArtifactJob) => [
  job.write('dist/other'),
  symlinkSync(target, join(job.workspace, 'dist/x')),
]
const same = 'dist/x'
test.each<[string, (job: ArtifactJob) => unknown, (job: ArtifactJob) => unknown, string, string?]>([
  ['a file of another size', writes(same), writes(same, 'dist/y'), same],
  ['a file of the same size', ({ write }) => write(same, '1'), ({ write }) => write(same, '2'), same],
  ['a directory instead of a file', writes(same), writes('dist/x/y'), same],
  ['a link instead of a file', writes(same), links('other'), same],
  ['another link', links('../dist/other'), links('other'), same],
  ['a path where there is a file', writes(same), writes('dist/x/y/z'), same, 'dist/x/y'],
  ['a path where there is a link', links('other'), writes('dist/x/y/z'), same, 'dist/x/y'],
])('%s at the same path is errored with both names', async (_, one, other, at, path = 'dist') => {
  const [first, second] = [world.openJob(), world.openJob()]
  one(first)
  other(second)
  const needed = [
    ...(await first.pack([{ ...dist, name: 'one' }], 'node (NODE=22)')),
    ...(await second.pack([{ ...dist, name: 'other', paths: [path] }], 'lint')),
  ]
  for (const all of [needed, needed.toReversed()]) {
    const consumer = world.openJob()
    consumer.write('dist/tracked')
    const refused = consumer.unpack(...all)
    await expect(refused).rejects.toMatchObject({ name: 'UserError' })
    await expect(refused).rejects.toThrow(`both contain ${at}, but not the same`)
    for (const label of ['Artifact one of node (NODE=22)', 'Artifact other of lint'])
      await expect(refused).rejects.toThrow(label)
    expect(readdirSync(consumer.directory)).toEqual(['workspace'])
    expect(readdirSync(join(consumer.workspace, 'dist'))).toEqual(['tracked'])
  }
})

test('nothing is placed where a link of the commit leads', async () => {
  const producer = world.openJob()
  producer.write('out/deep/x')
  const needed = await producer.pack([{ ...dist, paths: ['out/deep'] }])
  const consumer = world.openJob()
  const outside = await mkdtemp(join(world.root, 'outside-'))
  symlinkSync(outside, join(consumer.workspace, 'out'))
  await expect(consumer.unpack(...needed)).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(/out\/deep .* a link or a file leads to out\/deep/),
  })
  expect(readdirSync(outside)).toEqual([])
})

test('what the bucket says is an error of the runner, but an artifact that is gone is one for people', async () => {
  const rules: Rule[] = []
  const proxy = await startFaultProxy(rules)
  proxy.setTarget(world.bucket.url)
  const store = openAt(proxy.url)
  const producer = world.openJob({ store })
  producer.write('dist/x', randomBytes(9 * MB))
  const rule = { method: /./, address: /artifacts\/dist/, nth: 1, times: 1000, fault: 403, seen: 0 } as const
  rules.push(rule)
  await expect(producer.pack()).rejects.not.toMatchObject({ name: 'UserError' })
  // The response to the end of the upload is lost: S3 has the object, but no longer the upload.
  rules[0] = { ...rule, method: 'POST', address: /artifacts\/dist.*uploadId/, times: 1, fault: 'lost' }
  const [needed] = (await producer.pack()) as [NeededArtifact]
  expect(rules[0].seen).toBeGreaterThan(1)
  rules[0] = rule
  const consumer = world.openJob({ store })
  await expect(consumer.unpack(needed)).rejects.not.toMatchObject({ name: 'UserError' })
  rules.length = 0
  await consumer.unpack(needed)
  await world.bucket.store.remove(artifactKey(needed.prefix, needed.artifact))
  await expect(consumer.unpack(needed)).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(
      /^Artifact dist of build is no longer there: artifacts expire after 30 days/,
    ),
  })
  expect(readdirSync(consumer.directory)).toEqual(['workspace'])
  store.close()
  await proxy.close()
})

test('packing and unpacking end with the time of the job, and at once when it is cancelled', async () => {
  const producer = world.openJob()
  producer.write('dist/x', randomBytes(9 * MB))
  const needed = await producer.pack()
  const late = { deadline: Date.now() - 1 }
  const slow = world.openJob(late)
  slow.write('dist/x', randomBytes(10 * MB))
  await expect(slow.pack()).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(/time ended/),
  })
  const behind = world.openJob(late)
  await expect(behind.unpack(...needed)).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(/time ended/),
  })
  const reason = new Error('cancelled by ada')
  const cancelled = world.openJob({ signal: AbortSignal.abort(reason) })
  cancelled.write('dist/x')
  await expect(cancelled.pack()).rejects.toBe(reason)
  await expect(cancelled.unpack(...needed)).rejects.toBe(reason)
  expect(readdirSync(behind.directory)).toEqual(['workspace'])
  expect(readdirSync(cancelled.workspace)).toEqual(['dist'])
})
