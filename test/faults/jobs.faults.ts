import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFaultSystem } from './run-scenario.ts'
import type { Scenario } from './scenarios.ts'

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
const at = (
  name: string,
  fault: Scenario['fault'],
  rule: Scenario['rule'],
  rest: Partial<Scenario> = {},
): Scenario => ({
  ...{ name, service: 's3', rule, fault, conclusion: 'passed', deploy: 'succeeded' },
  ...rest,
  config: { cmd: undefined, failFast: false, jobs: JOBS, ...rest.config },
})
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
  test.each(LEAD)('$name', { timeout: 120_000 }, scenario => faults.run(scenario))

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
      /\/(report|plan|running|cancel|gate)\.json|\/(commits|branches|shared-commits|spend)\/|builds\/1\/log\.txt/,
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
const tallied = (name: string) => {
  const tally = join(directory, name)
  appendFileSync(tally, '')
  const jobs = {
    lint: `echo tested; echo lint >> ${tally}`,
    unit: { cmd: `echo unit $LAMBCI_SHARD >> ${tally}`, shards: 20 },
  }
  return { jobs, runs: () => readFileSync(tally, 'utf8').trim().split('\n') }
}

test.each([
  ['every message twice, several jobs', 2],
  ['ten executions of report at once', 10],
])('%s', { timeout: 240_000 }, async (name, times) => {
  const { jobs, runs } = tallied(name.replaceAll(/[ ,]+/g, '-'))
  let reports = 0
  deliverEvent = async (text, deliver) => {
    const isReports = text.includes('ObjectCreated')
    if (isReports) reports += 1
    await Promise.all(Array.from({ length: isReports ? times : 2 }, deliver))
  }
  await faults.run(at(name, 'none', ANY, { config: { jobs } }))
  deliverEvent = (_, deliver) => deliver()
  expect(reports).toBeGreaterThan(20)
  expect(runs()).toHaveLength(21)
  expect(new Set(runs()).size).toBe(21)
})
