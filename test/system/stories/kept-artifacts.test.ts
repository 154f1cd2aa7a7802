import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KeptJob, readKeptDeploys } from '../../../src/deploy/kept-artifacts.ts'
import { artifactKey } from '../../../src/model/artifact.ts'
import { keptPrefix } from '../../../src/records/keys.ts'
import { jobsOf, openKeptRepository } from '../../support/kept-repository.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

/** One repository, whose builds each test continues. */
describe('of a deploy whose artifacts several jobs make', () => {
  let repository: Awaited<ReturnType<typeof openKeptRepository>>
  let commit: string
  beforeAll(async () => {
    repository = await openKeptRepository(ci)
  })

  test('a rollback after 31 days deploys the same bytes, and runs nothing else', async () => {
    await repository.push()
    await repository.push()
    const [first, second] = [await repository.got(1), await repository.got(2)]
    expect(first).not.toBe(second)
    const before = await repository.calls()
    await repository.expire()
    const view = await repository.rollback()
    expect(view).toMatchObject({ status: 'passed', target: { of: 1 }, deploy: { status: 'succeeded' } })
    expect(jobsOf(view)).toEqual(['deploy: passed'])
    expect(await repository.calls()).toEqual([...before, `deploy 3 ${first}`])
    // And forth again, by the commit.
    expect(await repository.rollback()).toMatchObject({ target: { of: 2 }, deploy: { status: 'succeeded' } })
    expect(await repository.got(4)).toBe(second)
    expect(await repository.keptBuilds()).toEqual([1, 2])
  })

  test('what is kept and has other bytes by now is refused', async () => {
    const { store } = ci.system
    const kept = (await readKeptDeploys(store, repository.stage)).find(({ build }) => build === 1)
    const key = artifactKey(keptPrefix(repository.stage, kept?.jobs[0] as KeptJob), { name: 'dist' })
    const { body } = (await store.get(key)) ?? { body: new Uint8Array() }
    const others = Buffer.from(body)
    others[others.length - 1] = (others.at(-1) ?? 0) ^ 1
    expect(createHash('sha256').update(others).digest()).not.toEqual(
      createHash('sha256').update(body).digest(),
    )
    await store.put(key, others, 'application/zstd')
    const view = await repository.rollback()
    expect(view).toMatchObject({ status: 'errored', target: { of: 1 }, deploy: { status: 'failed' } })
    expect(view.reason).toMatch(
      /^Artifact dist of build is not what its job has stored: size or SHA-256 differ/,
    )
    expect(await repository.got(5)).toBeUndefined()
  })

  test('if they are gone, the jobs that make them run first, and then it deploys', async () => {
    const before = await repository.calls()
    await repository.expire()
    await repository.forget()
    // Back to the last that was deployed, because the newest failed.
    const view = await repository.rollback()
    expect(view).toMatchObject({ status: 'passed', target: { of: 2 }, deploy: { status: 'succeeded' } })
    // Not `unit`, which makes nothing that is deployed.
    expect(jobsOf(view)).toEqual(['lib: passed', 'build: passed', 'deploy: passed'])
    const got = await repository.got(6)
    expect((await repository.calls()).slice(before.length)).toEqual(['lib 6', 'dist 6', `deploy 6 ${got}`])
    expect(got).not.toBe(await repository.got(2))
    // That is what this commit is deployed with from now on.
    commit = await repository.push()
    await repository.expire(6)
    const again = await repository.deploy(view.commit)
    expect(jobsOf(again)).toEqual(['deploy: passed'])
    expect(await repository.got(8)).toBe(got)
  })

  test('what another job needs is taken over as long as it is there', async () => {
    await repository.forget()
    const { store } = ci.system
    for (const { key } of await store.list(`out/${repository.project}/7/`))
      if (key.includes('/artifacts/dist')) await store.remove(key)
    const before = await repository.calls()
    const view = await repository.deploy(commit)
    expect(jobsOf(view)).toEqual(['lib: passed', 'build: passed', 'deploy: passed'])
    expect((await repository.calls()).slice(before.length)).toEqual([
      'dist 9',
      `deploy 9 ${await repository.got(9)}`,
    ])
  })

  test('if a job fails that has to run first, nothing is deployed', async () => {
    await repository.expire()
    await repository.forget()
    const before = await repository.calls()
    await repository.breakLib()
    const view = await repository.deploy(commit)
    expect(view.status).toBe('failed')
    expect(jobsOf(view)).toEqual(['lib: failed', 'build: skipped', 'deploy: skipped'])
    expect(await repository.calls()).toEqual(before)
  })
})
