import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { stageKeys } from '../../src/records/keys.ts'
import type { View } from '../../src/records/view.ts'
import { lambci } from './lambci.ts'
import type { TestSystem } from './test-system.ts'

/** Bytes that no other run makes. Each job notes that it runs. */
export const MAKE = (name: string) =>
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

/** Another configuration, of one job. */
export const ONE_JOB = { cmd: MAKE('dist'), artifacts: { dist: { paths: ['dist'] } } }

/** A repository whose deploys note the hash of what they got. */
export async function openKeptRepository(ci: TestSystem, rest: object = { jobs: JOBS }) {
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
    /** Removes what builds have left, as the lifecycle rule does after 30 days; of one build, or of all. */
    expire: (build?: number) => removeBelow(`out/${project}/${build === undefined ? '' : `${build}/`}`),
    forget: () => removeBelow(stageKeys(stage).artifacts),
    /** The lines that jobs and deploys have noted. */
    calls: async () => (await ci.read(calls)).trim().split('\n'),
    /** The hash of the files that the build's deploy received. */
    got: async (build: number) =>
      (await ci.read(calls)).match(new RegExp(`^deploy ${build} ([0-9a-f]{64})$`, 'm'))?.[1],
    keptBuilds: async () => {
      const { artifacts } = stageKeys(stage)
      const keys = (await store.list(artifacts)).map(({ key }) => key.slice(artifacts.length))
      return [...new Set(keys.map(key => Number.parseInt(key, 10)))].toSorted((one, other) => one - other)
    },
  }
}
export const jobsOf = ({ jobs }: View) => jobs.map(({ title, status }) => `${title}: ${status}`)
