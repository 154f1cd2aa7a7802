import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, ENTRIES } from './bundle.ts'

/**
 * How long a new process takes until a bundled entry is ready, over a Node that does nothing: milliseconds, medians of
 * rounds in which each is measured in turn. Ends with 1 where one takes longer than it may.
 */
const ROUNDS = 25
const ALLOWED_MS = 150

/** What the entries read while they load. */
const ENVIRONMENT = {
  PATH: process.env.PATH ?? '',
  AWS_REGION: 'us-east-1',
  LAMBCI_BUCKET: 'lambci-123456789012-us-east-1',
  LAMBCI_JOBS_TOPIC: 'arn:aws:sns:us-east-1:123456789012:lambci-jobs',
  LAMBCI_SESSION_ROLE: 'arn:aws:iam::123456789012:role/lambci-session',
  LAMBCI_SANDBOX: '/tmp',
}

const directory = mkdtempSync(join(tmpdir(), 'lambci-init-'))
const bare = join(directory, 'bare.cjs')
writeFileSync(bare, '')
const modules = new Map([['bare Node', bare]])
for (const entry of ENTRIES) {
  await bundle(entry, directory)
  modules.set(entry, join(directory, entry, 'index.cjs'))
}

function measure(module: string): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [module], { env: ENVIRONMENT })
  if (status !== 0) throw new Error(`${module} ended with ${status}: ${stderr}`)
  return performance.now() - start
}

const times = new Map<string, number[]>()
for (let round = -2; round < ROUNDS; round++) {
  for (const [name, module] of modules) {
    const time = measure(module)
    if (round >= 0) times.set(name, [...(times.get(name) ?? []), time])
  }
}
rmSync(directory, { recursive: true, force: true })

const quantile = (name: string, q: number) =>
  (times.get(name) ?? []).toSorted((a, b) => a - b)[Math.floor(q * (ROUNDS - 1))] ?? Number.NaN
let isSlow = false
for (const name of modules.keys()) {
  const over = quantile(name, 0.5) - quantile('bare Node', 0.5)
  isSlow ||= over > ALLOWED_MS
  const spread = `${quantile(name, 0.1).toFixed(0)} to ${quantile(name, 0.9).toFixed(0)}`
  console.log(
    `${name.padEnd(10)} median ${quantile(name, 0.5).toFixed(0)} ms (${spread}), ${over.toFixed(0)} ms over bare Node`,
  )
}
if (isSlow) {
  console.error(`An entry takes more than ${ALLOWED_MS} ms over bare Node.`)
  process.exitCode = 1
}
