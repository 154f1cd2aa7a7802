import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, ENTRIES, writeBundle } from '../bundle.ts'
import { median, quantile } from './numbers.ts'

export type StartRow = { name: string; ms: number; slowMs: number; overMs: number }

const ROUNDS = 25

/** Environment variables that the entries need while loading. */
export const ENVIRONMENT = {
  PATH: process.env.PATH ?? '',
  AWS_REGION: 'us-east-1',
  LAMBCI_BUCKET: 'lambci-123456789012-us-east-1',
  LAMBCI_MEMORY: '2048',
  LAMBCI_TIMEOUT: '900',
  LAMBCI_JOBS_TOPIC: 'arn:aws:sns:us-east-1:123456789012:lambci-jobs',
  LAMBCI_SESSION_ROLE: 'arn:aws:iam::123456789012:role/lambci-session',
  LAMBCI_SANDBOX: '/tmp',
  LAMBCI_TRUST: 'branch',
}

/** Measures how long a new process takes to load each bundled entry, and bare Node for comparison, alternating. */
export async function benchStarts(): Promise<StartRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'lambci-start-'))
  try {
    const bare = join(directory, 'bare.cjs')
    writeFileSync(bare, '')
    const modules = new Map([['bare Node', bare]])
    for (const entry of ENTRIES) {
      await writeBundle(await bundle(entry), join(directory, entry))
      modules.set(entry, join(directory, entry, 'index.js'))
    }
    const times = new Map([...modules.keys()].map(name => [name, [] as number[]]))
    for (let round = -2; round < ROUNDS; round++)
      for (const [name, module] of modules) {
        const ms = start(module)
        if (round >= 0) times.get(name)?.push(ms)
      }
    const bareMs = median(times.get('bare Node') ?? [])
    return [...times].map(([name, all]) => ({
      name: `start of ${name}`,
      ms: median(all),
      slowMs: quantile(all, 0.9),
      overMs: median(all) - bareMs,
    }))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function start(module: string): number {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [module], { env: ENVIRONMENT })
  if (status !== 0) throw new Error(`${module} exited with ${status}: ${stderr}`)
  return performance.now() - startedAt
}
