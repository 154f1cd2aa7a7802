import { mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Artifact, artifactKey } from '../../../src/model/artifact.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { LIMITS } from '../../../src/results/artifact-context.ts'
import { readContents } from '../../../src/results/contents.ts'
import { type ArtifactWorld, openArtifactWorld } from '../../support/artifact-world.ts'
import { describeTree } from '../../support/file-tree.ts'
import { HOSTILE_ARCHIVES, LEFT_TO_CACHES, tarOf } from '../../support/hostile-archives.ts'

let world: ArtifactWorld
beforeAll(async () => {
  world = await openArtifactWorld()
})
afterAll(() => world.close())

test.each(Object.entries({ ...HOSTILE_ARCHIVES, ...LEFT_TO_CACHES }))(
  'a hostile archive is refused, and changes nothing: %s',
  async (_, [reason, archive]) => {
    const needed = await world.store(zstdCompressSync(archive('dist')))
    const consumer = world.openJob()
    for (const name of ['tracked', 'dist/tracked', '.git/hooks/x']) consumer.write(name, 'good')
    const before = describeTree(consumer.directory)
    const refused = consumer.unpack(needed)
    await expect(refused).rejects.toBeInstanceOf(UserError)
    await expect(refused).rejects.toThrow(/^Artifact dist of mallory.*\.$/)
    await expect(refused).rejects.toThrow(reason)
    expect(describeTree(consumer.directory)).toEqual(before)
  },
)

const MANY = Array.from({ length: 60 }, (_, index) => ({ name: `dist/${index}` }))
const ZEROS = Buffer.alloc(4_000_000)
test.each<[string, Buffer, RegExp]>([
  ['a large member', tarOf({ name: 'dist/x', content: ZEROS }), /it has more than 1 MB/],
  ['a member that says it is large', tarOf({ name: 'dist/x', size: 8e9 }), /it has more than 1 MB/],
  ['many members', tarOf(...MANY), /it has more than 40 files and directories/],
  ['much behind its end', Buffer.concat([tarOf({ name: 'dist/x' }), ZEROS]), /it has more than 1 MB/],
  [
    'a large header',
    tarOf({ name: 'dist/x', pax: { comment: 'x'.repeat(4_000_000) } }),
    /it has more than 1 MB/,
  ],
  [
    'a long name',
    tarOf({ name: 'dist/x', pax: { path: `dist/${'x'.repeat(900_000)}` } }),
    /a name in it is too long/,
  ],
])('an archive that would fill the disk or the memory is given up: %s', async (_, archive, message) => {
  const needed = await world.store(zstdCompressSync(archive))
  const consumer = world.openJob({ limits: { packedBytes: 1e6, unpackedBytes: 1024 ** 2, entries: 40 } })
  await expect(consumer.unpack(needed)).rejects.toThrow(message)
  expect(readdirSync(consumer.directory)).toEqual(['workspace'])
})

test.each<[string, Partial<Artifact>, RegExp, string[]?]>([
  ['another hash', { sha256: '0'.repeat(64) }, /is not what its job has stored/],
  ['a smaller size', { bytes: 7 }, /is not what its job has stored/],
  ['a larger size', { bytes: 70_000 }, /is not what its job has stored/],
  ['a size above what is allowed', { bytes: 2e9 }, /is larger than an artifact may be/],
  ['another number of files', { files: 7 }, /is not what its record says/],
  ['another size of its files', { unpackedBytes: 7 }, /is not what its record says/],
  ['a path that the plan does not have', { paths: ['dist', 'src'] }, /its record has the path src/, ['dist']],
  ['a path that is not in the archive', { paths: ['dist', 'lib'] }, /lib cannot be read \(ENOENT\)/],
])('a record with %s is refused', async (_, change, message, declared) => {
  const archive = zstdCompressSync(tarOf({ name: 'dist/x' }))
  const needed = await world.store(archive, { bytes: archive.length, ...change })
  const consumer = world.openJob()
  consumer.write('dist/tracked')
  const refused = consumer.unpack({ ...needed, ...(declared && { declared }) })
  await expect(refused).rejects.toBeInstanceOf(UserError)
  await expect(refused).rejects.toThrow(message)
  expect(readdirSync(join(consumer.workspace, 'dist'))).toEqual(['tracked'])
})

test('what a command has stored in place of its artifact is refused', async () => {
  const producer = world.openJob()
  producer.write('dist/x')
  const prefix = world.newPrefix()
  const forged = zstdCompressSync(tarOf({ name: 'dist/x', content: 'bad' }))
  await world.bucket.store.put(artifactKey(prefix, { name: 'dist' }), forged, 'application/zstd')
  const [artifact] = (await producer.packAt(prefix)) as [Artifact]
  const consumer = world.openJob()
  const needed = { artifact, declared: ['dist'], prefix, from: 'mallory' }
  await expect(consumer.unpack(needed)).rejects.toThrow(/is not what its job has stored/)
  expect(readdirSync(consumer.workspace)).toEqual([])
})

/** More with `ARTIFACT_RUNS`. */
const RUNS = Number(process.env.ARTIFACT_RUNS ?? 100)
const part = fc.constantFrom('a', 'b', 'dist', 'lib', '..', '.')
const pathOf = (most: number) =>
  fc.array(part, { minLength: 1, maxLength: most }).map(parts => parts.join('/'))

test('wherever the links of an artifact lead, it is within its paths', async () => {
  let seen = 0
  const one = fc.record({ at: pathOf(3), target: pathOf(5), isLink: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 12 }), async list => {
      const { workspace } = world.openJob()
      for (const path of ['dist/a/b', 'lib/b', 'src']) mkdirSync(join(workspace, path), { recursive: true })
      for (const { at, target, isLink } of list) {
        const path = join(workspace, 'dist', at)
        if (!path.startsWith(`${workspace}/`)) continue
        try {
          if (isLink) symlinkSync(target, path)
          else mkdirSync(path, { recursive: true })
        } catch {
          // As with a command that goes on after an error.
        }
      }
      let entries: ReturnType<typeof readContents>['entries']
      try {
        entries = readContents(workspace, ['dist', 'lib'], LIMITS, 'Artifact').entries
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
        return
      }
      for (const { name, target } of entries) {
        if (target === null) continue
        try {
          expect(realpathSync(join(workspace, name))).toMatch(/\/workspace\/(dist|lib)(\/|$)/)
          seen += 1
        } catch (error) {
          // It leads nowhere, or in a circle.
          if (!['ENOENT', 'ELOOP', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
            throw error
        }
      }
    }),
    { numRuns: RUNS },
  )
  expect(seen).toBeGreaterThan(0)
})
