import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfigFiles, readConfigFilesAt } from '../../../src/workspace/config-files.ts'
import { git } from '../../support/git-server.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'config-files-'))
})
afterAll(() => rm(root, { recursive: true }))

type Content = string | Buffer | ((path: string) => Promise<unknown>)
const directory: Content = async path => {
  await mkdir(path)
  await writeFile(join(path, 'inside'), '')
}
const link: Content = path => symlink('elsewhere', path)
const pipe: Content = path => promisify(execFile)('mkfifo', [path])

/** Writes a working copy, and reads its configuration files from there and from a commit of it. */
async function readBoth(files: Record<string, Content>) {
  const at = await mkdtemp(join(root, 'copy-'))
  for (const [name, content] of Object.entries(files))
    await (typeof content === 'function' ? content(join(at, name)) : writeFile(join(at, name), content))
  await git(at, 'init', '-q')
  await git(at, 'add', '-A')
  await git(at, 'commit', '-q', '--allow-empty', '-m', 'all')
  const commit = await git(at, 'rev-parse', 'HEAD')
  const access = { home: root, path: process.env.PATH ?? '' }
  return { copy: await readConfigFiles(at), commit: await readConfigFilesAt(at, commit, access) }
}

test('a working copy and a commit give the same', async () => {
  const files = {
    '.lambci.json': '{"cmd": "prüfe"}',
    'package.json': '',
    '.lambci.yml': 'cmd: make',
    '.lambci.json.bak': '{}',
    '.lambci': directory,
    'lambci.json': link,
    '.lambci.js ': '',
  }
  const { copy, commit } = await readBoth(files)
  expect(copy).toEqual({
    lambciJson: '{"cmd": "prüfe"}',
    packageJson: '',
    similarNames: ['.lambci.js ', '.lambci.yml', 'lambci.json'],
  })
  expect(commit).toEqual(copy)
})

test('no files', async () => {
  const none = { lambciJson: null, packageJson: null, similarNames: [] }
  expect(await readBoth({})).toEqual({ copy: none, commit: none })
})

test.each<[string, Content, string]>([
  ['a directory', directory, 'is a directory'],
  ['a symbolic link', link, 'is a symbolic link'],
  ['too large', 'x'.repeat(256 * 1024 + 1), 'is larger than 256 KB, the limit for configuration files'],
  ['UTF-16', Buffer.from('{"a": 1}', 'utf16le'), 'is encoded in UTF-16'],
  ['Latin-1', Buffer.from('ä', 'latin1'), 'is not valid UTF-8: line 1 has the byte 0xE4'],
])('what cannot be read has a reason: %s', async (_, content, reason) => {
  const { copy, commit } = await readBoth({ 'package.json': content, '.lambci.json': '{}' })
  expect(copy).toMatchObject({ lambciJson: '{}', packageJson: { reason } })
  expect(commit).toEqual(copy)
})

// git cannot commit a named pipe.
test('a named pipe in a working copy has a reason', async () => {
  const { copy } = await readBoth({ '.lambci.json': pipe, 'package.json': '{}' })
  expect(copy).toMatchObject({ lambciJson: { reason: 'is not a regular file' }, packageJson: '{}' })
})
