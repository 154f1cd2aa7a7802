import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobMessage } from '../../src/admission/grants.ts'
import { openStore } from '../../src/aws/bucket.ts'
import { WarmCache } from '../../src/cache/warm-cache.ts'
import type { JobContext } from '../../src/run-job.ts'
import { runJob } from '../../src/run-job.ts'
import { Mirrors } from '../../src/workspace/mirrors.ts'
import { BUCKET, KEYS } from './job.ts'

/** A request to a build process: run one build. */
export type BuildRequest = {
  message: JobMessage
  s3: string
  github: string
  directory: string
  logLimit?: number
}
/** The duration of the build, and the memory of the process before it and at its peak. */
export type BuildResult = { ms: number; idleMb: number; peakMb: number }

/** Reads a field of /proc/self/status, in MB. */
function memoryMb(field: 'VmRSS' | 'VmHWM'): number {
  const [, kilobytes] =
    new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

const keptIn = new Map<string, JobContext['persistent']>()
/** As in the run function, the same object for the lifetime of the process. */
function keptOf(sandbox: string): JobContext['persistent'] {
  const kept = keptIn.get(sandbox) ?? {
    mirrors: new Mirrors(sandbox, 256 * 1024 * 1024),
    warmCache: new WarmCache(sandbox, 512 * 1024 * 1024),
  }
  keptIn.set(sandbox, kept)
  return kept
}

process.on('message', async ({ message, s3, github, directory, logLimit }: BuildRequest) => {
  const idleMb = memoryMb('VmRSS')
  // Resets the peak, which is so far that of loading the modules.
  writeFileSync('/proc/self/clear_refs', '5')
  const start = performance.now()
  await runJob(message, {
    openStore: () => openStore(BUCKET, { credentials: KEYS, endpoint: s3, region: 'us-east-1' }),
    sandbox: join(directory, 'sandbox'),
    persistent: keptOf(join(directory, 'sandbox')),
    ownsMachine: false,
    terminate: reason => {
      throw new Error(reason)
    },
    githubUrl: github,
    deadline: Date.now() + 600_000,
    runner: {
      function: 'bench',
      memoryMb: 1769,
      storageMb: 512,
      architecture: process.arch,
      region: 'us-east-1',
      requestId: 'bench',
      start: 'cold',
    },
    path: process.env.PATH ?? '',
    network: {},
    secrets: [],
    logOptions: { limitBytes: logLimit ?? 512 * 1024 * 1024, uploadMs: 1000 },
    cancelPollMs: 3000,
    killGraceMs: 5000,
    fetchRetryMs: 1000,
    now: () => new Date(),
  })
  process.send?.({ ms: performance.now() - start, idleMb, peakMb: memoryMb('VmHWM') })
})
process.send?.('ready')
