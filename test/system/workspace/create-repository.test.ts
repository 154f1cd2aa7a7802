import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createRepository } from '../../../src/workspace/create-repository.ts'
import { git } from '../../support/git-server.ts'

const ORIGIN = new URL('https://github.com/acme/api.git')

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'create-repository-'))
})
afterAll(() => rm(root, { recursive: true }))

const filesIn = async (directory: string) => (await readdir(directory, { recursive: true })).sort()
const settingsOf = async (directory: string) =>
  (await git(directory, 'config', '--local', '--list')).split('\n').sort()

it('a bare repository is what git init makes', async () => {
  await git(root, 'init', '-q', '--bare', '--template=', '--initial-branch=main', 'expected.git')
  const [expected, made] = [join(root, 'expected.git'), join(root, 'made.git')]
  createRepository(made, null)
  expect(await filesIn(made)).toEqual(await filesIn(expected))
  expect(await settingsOf(made)).toEqual(await settingsOf(expected))
  expect(await git(made, 'symbolic-ref', 'HEAD')).toBe('refs/heads/main')
  await git(made, 'fsck', '--strict')
})

it('a working copy is what git init makes, with a remote and directories for hooks and excludes', async () => {
  await git(root, 'init', '-q', '--template=', '--initial-branch=main', 'expected')
  const [expected, made] = [join(root, 'expected'), join(root, 'made')]
  await git(expected, 'remote', 'add', 'origin', ORIGIN.href)
  createRepository(join(made, '.git'), ORIGIN)
  expect(await filesIn(made)).toEqual([...(await filesIn(expected)), '.git/hooks', '.git/info'].sort())
  expect(await settingsOf(made)).toEqual(await settingsOf(expected))
  expect(await git(made, 'status', '--porcelain')).toBe('')
  await git(made, 'commit', '-q', '--allow-empty', '-m', 'first')
  expect(await git(made, 'log', '--format=%s')).toBe('first')
})
