import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a build process and the servers are given; all of it on tmpfs where there is one. */
export type BenchServers = {
  directory: string
  s3: string
  /** The same, from further away. */
  farS3: string
  github: string
  /** What S3 has been asked for since it was last asked this. */
  used(): Promise<S3Use>
  close(): Promise<void>
}

export type S3Use = {
  /** When each was received and answered; ms since 1970. */
  calls: [from: number, to: number][]
  sentKb: number
  receivedKb: number
}

/** Servers in a process of their own, so that their work is not counted as the build's. */
export async function startBenchServers(): Promise<BenchServers> {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lambci-bench-'))
  const servers = fork(join(import.meta.dirname, 'servers.ts'), [directory])
  const addresses = await answer<Pick<BenchServers, 's3' | 'farS3' | 'github'>>(servers)
  return {
    directory,
    ...addresses,
    used: () => {
      servers.send('used')
      return answer<S3Use>(servers)
    },
    close: async () => {
      const gone = once(servers, 'exit')
      servers.disconnect()
      await gone
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The next message of a child; a child that ends without one is a fault. */
export async function answer<T>(child: ChildProcess): Promise<T> {
  const answered = new AbortController()
  const { signal } = answered
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`A process of the bench ended with ${code}`)
      }),
    ])
    return message as T
  } finally {
    answered.abort()
  }
}
