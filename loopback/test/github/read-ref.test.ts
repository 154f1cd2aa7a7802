import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readCommit, readCommits, readHeader } from '../../github/commits.ts'
import { initRepository, openGit } from '../../github/git.ts'
import { readRef } from '../../github/read-ref.ts'

async function openRepository() {
  const root = await mkdtemp(join(tmpdir(), 'lambci-refs-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  const opened = await openGit(root, 'git')
  const directory = join(root, 'repository.git')
  await initRepository(opened, directory)
  const git = async (...args: string[]) => (await opened.text(directory, args)).trim()
  const file = (await opened.text(directory, ['hash-object', '-w', '--stdin'], 'content')).trim()
  const tree = (await opened.text(directory, ['mktree'], `100644 blob ${file}\tfile\n`)).trim()
  const commit = (message: string, ...parents: string[]) =>
    git(
      ...['-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit-tree', tree, '-m', message],
      ...parents.flatMap(parent => ['-p', parent]),
    )
  return { opened, directory, git, commit, read: (ref: string) => readRef(opened, directory, ref) }
}

it('a ref is read as it is now, wherever git keeps it', async () => {
  const { git, commit, read } = await openRepository()
  const [first, second] = [await commit('first'), await commit('second')]
  await git('update-ref', 'refs/heads/topic/a', first)
  await git('update-ref', 'refs/heads/other', first)
  expect(await read('refs/heads/topic/a')).toBe(first)
  await git('pack-refs', '--all', '--prune')
  expect(await read('refs/heads/topic/a')).toBe(first)
  await git('update-ref', 'refs/heads/topic/a', second)
  expect(await read('refs/heads/topic/a')).toBe(second)
  await git('symbolic-ref', 'refs/heads/alias', 'refs/heads/topic/a')
  expect(await read('refs/heads/alias')).toBe(second)
  await git('update-ref', '-d', 'refs/heads/topic/a')
  expect(await read('refs/heads/topic/a')).toBe(null)
  expect(await read('refs/heads/other')).toBe(first)
})

it('a name leads to the ref of exactly this name, and to nothing else', async () => {
  const { git, commit, read } = await openRepository()
  const first = await commit('first')
  await git('update-ref', 'refs/heads/refs/heads/main', first)
  await git('update-ref', 'refs/heads/topic', first)
  for (const ref of [
    ...['refs/heads/main', 'refs/heads', 'refs/heads/refs', 'topic', 'HEAD', 'refs/heads/topic/more'],
    ...[
      'refs/heads/./topic',
      'refs/heads/../heads/topic',
      'refs/heads//topic',
      `refs/heads/${'x'.repeat(300)}`,
    ],
  ])
    expect([ref, await read(ref)]).toEqual([ref, null])
})

it('a commit that a push has brought is found with its files, and its header without', async () => {
  const { opened, directory, commit } = await openRepository()
  const first = await commit('first')
  const second = await commit('second', first)
  const pushed = await readCommits(opened, directory, { include: second, exclude: [] }, 10)
  expect(pushed.map(({ id, added }) => [id, added])).toEqual([
    [first, ['file']],
    [second, []],
  ])
  expect(await readCommit(opened, directory, first)).toEqual(pushed[0])
  expect(await readHeader(opened, directory, first)).toEqual({ ...pushed[0], added: [] })
})
