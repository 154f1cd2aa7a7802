import { createHash, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KeptJob, readKeptDeploys } from '../../../src/deploy/kept-artifacts.ts'
import { artifactKey } from '../../../src/model/artifact.ts'
import { keptPrefix, stageKeys } from '../../../src/records/keys.ts'
import type { View } from '../../../src/records/view.ts'
import { lambci } from '../../support/lambci.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

/** Bytes that no other run makes. Each job notes that it runs. */
const MAKE = (name: string) =>
  `echo "${name} $LAMBCI_BUILD_NUM" >> "$CALLS"; mkdir -p ${name}; head -c 3000 /dev/urandom > ${name}/bytes`
const DEPLOY = 'echo "deploy $LAMBCI_BUILD_NUM $(cat dist/bytes | sha256sum | cut -c1-64)" >> "$CALLS"'
/** `dist` is made of `lib`; `unit` has nothing to do with the deploy. */
const JOBS = {
  lib: { cmd: `test ! -e "$CALLS.broken"; ${MAKE('lib')}`, artifacts: ['lib'] },
  build: {
    cmd: `test -s lib/bytes; ${MAKE('dist')}`,
    needs: ['lib'],
    artifacts: { dist: { paths: ['dist'] } },
  },
  unit: 'echo "unit $LAMBCI_BUILD_NUM" >> "$CALLS"',
}

/** A repository whose deploys note the hash of what they got. */
async function openRepository(rest: object = { jobs: JOBS }) {
  const repository = `ada/kept-${randomUUID().slice(0, 8)}`
  const project = `gh/${repository}`
  const stage = { project, stage: 'dev' }
  const calls = join(ci.directory, `calls-of-${repository.slice('ada/'.length)}`)
  const settings = {
    ...rest,
    branches: { master: true },
    stages: { master: 'dev' },
    env: { CALLS: calls },
    deploy: { cmd: DEPLOY, artifacts: ['dist'] },
  }
  const at = await ci.write({ '.lambci.json': JSON.stringify(settings) })
  const { store } = ci.system
  const byHand = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])
  let builds = 0
  const next = async (): Promise<View> => ci.ended({ project, number: ++builds })
  const removeBelow = async (prefix: string) => {
    for (const { key } of await store.list(prefix)) await store.remove(key)
  }
  return {
    ...{ project, stage },
    /** From now on, \`lib\` fails. */
    breakLib: () => writeFile(`${calls}.broken`, ''),
    /** Pushes another commit, and waits until it is deployed. */
    push: async () => {
      const commit = await ci.push(at, repository, 'master', {}, `Change ${builds + 1}`)
      expect(await next()).toMatchObject({ status: 'passed', deploy: { status: 'succeeded' } })
      return commit
    },
    rollback: async () => {
      expect(await byHand('rollback', repository, 'dev')).toMatchObject({ exitCode: 0 })
      return next()
    },
    deploy: async (commit: string) => {
      expect(await byHand('deploy', repository, 'dev', '--commit', commit)).toMatchObject({ exitCode: 0 })
      return next()
    },
    /** As the lifecycle rule does after 30 days. */
    expire: () => removeBelow(`out/${project}/`),
    forget: () => removeBelow(stageKeys(stage).artifacts),
    /** The lines that jobs and deploys have noted. */
    calls: async () => (await ci.read(calls)).trim().split('\n'),
    /** What the deploy of a build got. */
    got: async (build: number) =>
      (await ci.read(calls)).match(new RegExp(`^deploy ${build} ([0-9a-f]{64})$`, 'm'))?.[1],
    keptBuilds: async () => {
      const { artifacts } = stageKeys(stage)
      const keys = (await store.list(artifacts)).map(({ key }) => key.slice(artifacts.length))
      return [...new Set(keys.map(key => Number.parseInt(key, 10)))].toSorted((one, other) => one - other)
    },
  }
}
const jobsOf = ({ jobs }: View) => jobs.map(({ title, status }) => `${title}: ${status}`)

/** One repository, whose builds each test continues. */
describe('of a deploy whose artifacts several jobs make', () => {
  let repository: Awaited<ReturnType<typeof openRepository>>
  let commit: string
  beforeAll(async () => {
    repository = await openRepository()
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

  test('if they are gone, the jobs that make them run first, and then it deploys', async () => {
    const before = await repository.calls()
    await repository.expire()
    await repository.forget()
    const view = await repository.rollback()
    expect(view).toMatchObject({ status: 'passed', target: { of: 1 }, deploy: { status: 'succeeded' } })
    // Not `unit`, which makes nothing that is deployed.
    expect(jobsOf(view)).toEqual(['lib: passed', 'build: passed', 'deploy: passed'])
    const got = await repository.got(5)
    expect((await repository.calls()).slice(before.length)).toEqual(['lib 5', 'dist 5', `deploy 5 ${got}`])
    expect(got).not.toBe(await repository.got(1))
    // That is what this commit is deployed with from now on.
    await repository.push()
    await repository.expire()
    const again = await repository.deploy(view.commit)
    expect(jobsOf(again)).toEqual(['deploy: passed'])
    expect(await repository.got(7)).toBe(got)
  })

  test('what another job needs is taken over as long as it is there', async () => {
    commit = await repository.push()
    await repository.forget()
    const { store } = ci.system
    for (const { key } of await store.list(`out/${repository.project}/8/`))
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

/** Another one, of one job. */
describe('of a deploy whose artifact one job makes', () => {
  let repository: Awaited<ReturnType<typeof openRepository>>
  beforeAll(async () => {
    repository = await openRepository({ cmd: MAKE('dist'), artifacts: { dist: { paths: ['dist'] } } })
  })

  test('of eleven deploys, the artifacts of the first are gone, and those of the second are there', async () => {
    const commits: string[] = []
    for (let push = 1; push <= 11; push++) commits.push(await repository.push())
    expect(await repository.keptBuilds()).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    await repository.expire()
    const second = await repository.deploy(commits[1] ?? '')
    expect(jobsOf(second)).toEqual(['deploy: passed'])
    expect(await repository.got(12)).toBe(await repository.got(2))
    const first = await repository.deploy(commits[0] ?? '')
    expect(jobsOf(first)).toEqual(['build: passed', 'deploy: passed'])
    expect([undefined, await repository.got(1)]).not.toContain(await repository.got(13))
  })

  test('what is kept and has other bytes by now is refused', async () => {
    await repository.expire()
    const { store } = ci.system
    const kept = (await readKeptDeploys(store, repository.stage)).find(({ build }) => build === 12)
    const key = artifactKey(keptPrefix(repository.stage, kept?.jobs[0] as KeptJob), { name: 'dist' })
    const { body } = (await store.get(key)) ?? { body: new Uint8Array() }
    const others = Buffer.from(body)
    others[others.length - 1] = (others.at(-1) ?? 0) ^ 1
    expect(createHash('sha256').update(others).digest()).not.toEqual(
      createHash('sha256').update(body).digest(),
    )
    await store.put(key, others, 'application/zstd')
    const view = await repository.rollback()
    expect(view).toMatchObject({ status: 'errored', target: { of: 2 }, deploy: { status: 'failed' } })
    expect(view.reason).toMatch(
      /^Artifact dist of build is not what its job has stored: size or SHA-256 differ/,
    )
    expect(await repository.got(14)).toBeUndefined()
  })
})
