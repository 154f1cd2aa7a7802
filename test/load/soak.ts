import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { functionName } from '../../loopback/system/functions.ts'
import { readRecords } from '../../src/records/read-records.ts'
import { lambciJson, openTestSystem } from '../support/test-system.ts'

/** `npm run test:soak [-- --builds N]`: runs builds one after another in one warm sandbox, and measures what grows. */
const { values } = parseArgs({ options: { builds: { type: 'string', default: '300' } } })
const builds = Number(values.builds)
const EVERY = Math.max(1, Math.floor(builds / 10))

const ci = await openTestSystem({ concurrency: 1 })
const { store, lambda } = ci.system
const at = await ci.write(lambciJson('seq 2000; (setsid sleep 1000 &); true', { cancelSuperseded: false }))

type Sample = { build: number; megabytes: number; descriptors: number; processes: number; pid: number }

function sample(build: number): Sample {
  const [{ pid } = { pid: 0 }] = lambda.sandboxes(functionName('run-protected'))
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  const sleepers = readdirSync('/proc').filter(
    name => /^\d+$/.test(name) && commandOf(name).startsWith('sleep 1000'),
  )
  return {
    build,
    pid,
    megabytes: Math.round(Number(kilobytes) / 1024),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    processes: sleepers.length,
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

const samples: Sample[] = []
for (let number = 1; number <= builds; number++) {
  await ci.push(at, 'soak/one', 'master')
  const view = await ci.ended({ project: 'gh/soak/one', number })
  if (view.status !== 'passed') throw new Error(`#${number} ${view.status}: ${view.reason}`)
  // The sandbox is cleaned up after the end record.
  await ci.settled()
  if (number % EVERY === 0 || number === 1) {
    const now = sample(number)
    samples.push(now)
    console.log(
      `#${number}`.padEnd(8),
      `${now.megabytes} MB`.padEnd(10),
      `${now.descriptors} descriptors`.padEnd(18),
      `${now.processes} left behind`,
    )
  }
}
const [first] = samples
const last = samples.at(-1)
const records = await readRecords(store, { project: 'gh/soak/one', number: builds })
await ci.close()
if (!first || !last || !records) throw new Error('Nothing was measured')
const isWarm = new Set(samples.map(({ pid }) => pid)).size === 1
// V8 does not collect garbage while there is room: only memory that has tripled counts as a leak.
const isSteady =
  last.megabytes <= first.megabytes * 3 && last.descriptors <= first.descriptors + 2 && last.processes === 0
console.log(
  isWarm ? 'One sandbox throughout.' : 'More than one sandbox.',
  isSteady ? 'Nothing grows.' : 'Something grows.',
)
process.exit(isWarm && isSteady ? 0 : 1)
