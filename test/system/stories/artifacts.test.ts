import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { artifactKey } from '../../../src/model/artifact.ts'
import { outPrefix } from '../../../src/records/keys.ts'
import { artifactPath, artifactsPath, buildPath } from '../../../src/records/links.ts'
import { lambci } from '../../support/lambci.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

const REPOSITORY = 'people/artifacts'
const BUILD = { project: `gh/${REPOSITORY}`, number: 1 }

let ci: TestSystem
let at: string
beforeAll(async () => {
  ci = await sharedTestSystem()
  const jobs = {
    build: {
      cmd: 'mkdir -p site/sub; echo "<script>" > site/index.html; echo run > site/sub/run; chmod 755 site/sub/run',
      artifacts: { site: ['site'] },
    },
    unit: { cmd: 'mkdir r; echo part $LAMBCI_SHARD > r/part.txt', shards: 2, artifacts: { coverage: ['r'] } },
    lint: { cmd: 'exit 1', allowFailure: true, artifacts: { findings: ['findings.txt'] } },
  }
  const files = { '.lambci.json': JSON.stringify({ branches: { '/.*/': true }, jobs }) }
  await ci.push(await ci.write(files), REPOSITORY, 'topic')
  expect(await ci.ended(BUILD)).toMatchObject({ status: 'passed' })
  at = mkdtempSync(join(ci.directory, 'downloads-'))
})
afterAll(() => ci.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${ci.system.addresses.url}${path}`, { headers, redirect: 'manual' })
const command = (...args: string[]) =>
  lambci(['artifacts', `${REPOSITORY}#1`, ...args, '--data', join(ci.directory, 'data')])

test('the page of a build lists its artifacts, and its links lead to archives on the origin of the bucket', async () => {
  const count = 'Artifacts <span class="count">3</span>'
  expect(await (await get(buildPath(BUILD))).text()).toContain(count)
  const page = await (await get(artifactsPath(BUILD))).text()
  expect(page).toMatch(/<td>unit \(2\/2\)<\/td>.*<td>30 days, until \d{4}-\d\d-\d\d<\/td>/)
  expect(page).toContain(`href="${artifactPath(BUILD, 'coverage/2-of-2')}"`)
  const fresh = await (await get(`${buildPath(BUILD)}/summary`)).text()
  expect(fresh).toContain(count)

  const answer = await get(artifactPath(BUILD, 'coverage/2-of-2'))
  expect(answer.status).toBe(303)
  const location = new URL(answer.headers.get('location') ?? '')
  expect(location.origin).toBe(new URL(ci.system.addresses.s3).origin)
  expect(Number(location.searchParams.get('X-Amz-Expires'))).toBeLessThanOrEqual(300)
  const archive = await fetch(location)
  expect(Object.fromEntries(archive.headers)).toMatchObject({
    'content-type': 'application/zstd',
    'content-disposition': 'attachment; filename="people-artifacts-1-coverage-2-of-2.tar.zst"',
  })
  const saved = join(at, 'saved.tar.zst')
  writeFileSync(saved, Buffer.from(await archive.arrayBuffer()))
  execFileSync('tar', ['--zstd', '-xf', saved], { cwd: at })
  expect(readFileSync(join(at, 'r', 'part.txt'), 'utf8')).toBe('part 2\n')
})

test('a list of all of them has a page of its own, also as JSON', async () => {
  const page = await (await get(artifactsPath(BUILD))).text()
  expect(page).toContain(`href="${artifactPath(BUILD, 'site')}"`)
  const listed = (await (await get(artifactsPath(BUILD), { accept: 'application/json' })).json()) as {
    name: string
    job: string
    files: number
  }[]
  expect(listed.map(({ name, job, files }) => ({ name, job, files }))).toEqual([
    { name: 'site', job: 'build', files: 2 },
    { name: 'coverage/1-of-2', job: 'unit (1/2)', files: 1 },
    { name: 'coverage/2-of-2', job: 'unit (2/2)', files: 1 },
  ])
})

test('lambci artifacts lists them, and downloads each into a directory of its own', async () => {
  const listed = await command()
  expect(listed).toMatchObject({ exitCode: 0, stderr: '' })
  expect(listed.stdout.split('\n')).toEqual([
    expect.stringMatching(/^NAME {13}JOB {9}SIZE +FILES +KEPT UNTIL$/),
    expect.stringMatching(/^site {13}build {7}\d+ bytes +2 +\d{4}-\d\d-\d\d$/),
    expect.stringMatching(/^coverage\/1-of-2 {2}unit \(1\/2\)/),
    expect.stringMatching(/^coverage\/2-of-2 {2}unit \(2\/2\)/),
  ])
  const into = join(at, 'all')
  const downloaded = await command('--download', into)
  expect(downloaded).toMatchObject({ exitCode: 0, stderr: '' })
  expect(downloaded.stdout).toContain(`site: 2 files, 13 bytes, in ${join(into, 'site')}`)
  expect(readFileSync(join(into, 'site/site/index.html'), 'utf8')).toBe('<script>\n')
  expect(statSync(join(into, 'site/site/sub/run')).mode & 0o777).toBe(0o755)
  expect(readFileSync(join(into, 'coverage/2-of-2/r/part.txt'), 'utf8')).toBe('part 2\n')
  expect(readdirSync(into).toSorted()).toEqual(['coverage', 'site'])

  // What is there is not changed.
  writeFileSync(join(into, 'site/site/index.html'), 'mine')
  const again = await command('site', '--download', into)
  expect(again).toMatchObject({
    exitCode: 2,
    stderr: `lambci: Cannot write to ${join(into, 'site')}: it is not empty. Choose another directory, or remove what is there.`,
  })
  expect(readFileSync(join(into, 'site/site/index.html'), 'utf8')).toBe('mine')
})

test('names choose artifacts, one of them or all cells and shards, and JSON says where they are', async () => {
  const into = join(at, 'some')
  mkdirSync(join(into, 'coverage'), { recursive: true })
  const { stdout, exitCode } = await command('coverage', '--download', into, '--json')
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject([
    { name: 'coverage/1-of-2', job: 'unit (1/2)', files: 1, directory: join(into, 'coverage/1-of-2') },
    { name: 'coverage/2-of-2', directory: join(into, 'coverage/2-of-2') },
  ])
  expect(await command('coverage/3-of-2')).toMatchObject({
    exitCode: 2,
    stderr:
      'lambci: Build #1 of people/artifacts has left no artifact "coverage/3-of-2". It has left: site, coverage/1-of-2, coverage/2-of-2.',
  })
})

test('a tar that cannot check what it unpacks is refused, with what to do', async () => {
  const bin = join(at, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'tar'), '#!/bin/sh\necho "bsdtar 3.5.3 - libarchive 3.7.4"\n', { mode: 0o755 })
  const args = ['artifacts', `${REPOSITORY}#1`, '--data', join(ci.directory, 'data'), '--download']
  const env = { PATH: `${bin}:${process.env.PATH}` }
  expect(await lambci([...args, join(at, 'mac')], { env })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^lambci: Unpacking needs GNU tar\. On macOS, install it /),
  })
  expect(existsSync(join(at, 'mac'))).toBe(false)
})

test('one that is gone, or is not what its record has, is said to be so, and nothing is left on disk', async () => {
  const stored = artifactKey(outPrefix(BUILD, { key: 0, attempt: 1 }), { name: 'site' })
  const archive = await ci.system.store.get(stored)
  const bytes = Buffer.from(archive?.body ?? '')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  await ci.system.store.put(stored, bytes, 'application/zstd')
  const into = join(at, 'changed')
  const changed = await command('--download', into)
  expect(changed.exitCode).toBe(2)
  expect(changed.stderr).toMatch(/^lambci: Artifact site of build (is not what|cannot be unpacked)/)
  expect(readdirSync(into)).toEqual([])

  await ci.system.store.remove(stored)
  expect((await command('site', '--download', into)).stderr).toContain('is no longer there')
  // Before anything is downloaded.
  expect((await command('site', '--download', join(at, 'all'))).stderr).toContain('it is not empty')
  const answer = await get(artifactPath(BUILD, 'site'))
  expect(answer.status).toBe(404)
  expect(await answer.text()).toMatch(/"This artifact is no longer there\. .* until \d{4}-\d\d-\d\d\."/)
})
