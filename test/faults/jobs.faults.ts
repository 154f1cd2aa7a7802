import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFaultSystem } from './run-scenario.ts'
import { at as deploying, type Scenario } from './scenarios.ts'

/** A build with several jobs: what happens if one of its functions is killed, at any point, or its messages come twice. */
let faults: Awaited<ReturnType<typeof openFaultSystem>>
let directory: string
let deliverEvent: (text: string, deliver: () => Promise<unknown>) => unknown = (_, deliver) => deliver()
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lambci-jobs-'))
  faults = await openFaultSystem({
    buildTimeoutMs: 30_000,
    hostConcurrency: 10,
    interceptEvent: async (event, deliver) => deliverEvent(JSON.stringify(event), deliver),
  })
})
afterAll(async () => {
  await faults.close()
  rmSync(directory, { recursive: true })
})

const JOBS = {
  lint: 'echo tested',
  unit: { cmd: 'echo part $LAMBCI_SHARD', shards: 2 },
  last: { cmd: 'echo last', needs: 'unit' },
}
const key = (name: string) => new RegExp(`/builds/1/${name}`)
const at = (...scenario: Parameters<typeof deploying>): Scenario => {
  const made = deploying(...scenario)
  return { ...made, config: { cmd: undefined, failFast: false, jobs: JOBS, ...made.config } }
}
const record = (name: string) => ({ method: 'PUT', address: key(`jobs/0/1/${name}\\.json`) })
const dead = { conclusion: 'errored', deploy: undefined, reason: /lint/ } as const
const LEAD: Scenario[] = [
  at('lead killed before its claim', { kill: 'build' }, record('claim')),
  // Nothing is known of its jobs.
  at(
    'lead killed after its claim',
    { kill: 'build' },
    { ...record('claim'), when: 'after' },
    { ...dead, reason: /died/ },
  ),
  at('lead killed before its draft', { kill: 'build' }, record('draft'), { ...dead, reason: /died/ }),
  at('lead killed after its draft', { kill: 'build' }, { ...record('draft'), when: 'after' }, dead),
  at('lead killed before its end record', { kill: 'build' }, record('end'), dead),
  at('lead killed after its end record', { kill: 'build' }, { ...record('end'), when: 'after' }),
]
const ANY = { method: 'PUT', address: key('build\\.json') }
/** A command that kills its runner the first `times` times. */
const killing = (name: string, times: number) => {
  const tally = join(directory, name)
  return `echo x >> ${tally}; [ $(wc -l < ${tally}) -gt ${times} ] || { kill -9 $PPID; sleep 60; }`
}

describe('a killed process', () => {
  test.each(LEAD)('$name', { timeout: 120_000 }, async scenario => {
    await faults.run(scenario)
  })

  test.each([
    ['a shard killed once', 1, 'passed', undefined],
    ['a shard killed twice', 2, 'errored', /unit \(2\/2\)/],
  ] as const)('%s', { timeout: 120_000 }, async (name, times, conclusion, reason) => {
    const cmd = `[ $LAMBCI_SHARD = 1 ] || { ${killing(name.replaceAll(' ', '-'), times)}; }`
    await faults.run(
      at(name, 'none', ANY, {
        ...{ conclusion, deploy: conclusion === 'passed' ? 'succeeded' : undefined },
        ...(reason && { reason }),
        config: { jobs: { ...JOBS, unit: { cmd, shards: 2 } } },
      }),
    )
  })

  const WRITES = {
    method: 'PUT',
    address:
      /\/(report|plan|running|cancel)\.json|\/(commits|branches|shared-commits|spend|stages)\/|builds\/1\/log\.txt/,
  }
  test.each(['before', 'after'] as const)(
    'report killed %s each of its writes',
    {
      timeout: 1_200_000,
    },
    async when => {
      let nth = 1
      while (
        await faults.runIfItOccurs(
          at(`report killed ${when} write ${nth}`, { kill: 'report' }, { ...WRITES, nth, when }),
        )
      )
        nth += 1
      expect(nth).toBeGreaterThan(10)
    },
  )
})

/** Each job adds a line to a file when it runs. */
const tallied = (name: string, job: object) => {
  const tally = join(directory, name)
  appendFileSync(tally, '')
  const cmd = `echo tested; echo $NODE $OS $LAMBCI_SHARD >> ${tally}`
  return { jobs: { unit: { cmd, ...job } }, runs: () => readFileSync(tally, 'utf8').trim().split('\n') }
}
const CELLS = { NODE: ['20', '22', '24'], OS: ['a', 'b', 'c', 'd'] }

test.each([
  ['every message twice: one job', 2, {}, 1],
  ['every message twice: a matrix', 2, { matrix: CELLS }, 12],
  ['every message twice: a hundred shards', 2, { shards: 100 }, 100],
  ['ten executions of report at once', 10, { shards: 20 }, 20],
])('%s', { timeout: 240_000 }, async (name, times, job, count) => {
  const { store } = faults.ci.system
  const settings = JSON.parse(String((await store.get('config/global.json'))?.body))
  const account = { ...settings, maxJobs: 100, maxRunningJobs: 8 }
  await store.put('config/global.json', JSON.stringify(account), 'application/json')
  const { jobs, runs } = tallied(name.replaceAll(/[ ,:]+/g, '-'), job)
  deliverEvent = (text, deliver) =>
    Promise.all(Array.from({ length: text.includes('ObjectCreated') ? times : 2 }, deliver))
  const { view, statuses } = await faults.run(at(name, 'none', ANY, { config: { jobs } }))
  deliverEvent = (_, deliver) => deliver()
  // Each is said once.
  expect(new Set(statuses).size).toBe(statuses.length)
  expect(view.jobs.filter(({ ref }) => ref?.attempt !== 1)).toEqual([])
  expect(runs()).toHaveLength(count)
  expect(new Set(runs()).size).toBe(count)
})
