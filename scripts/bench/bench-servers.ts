import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The servers of the benchmark and their directory, which is on tmpfs if possible. */
export type BenchServers = {
  directory: string
  s3: string
  /** The same server with FAR_MS of added latency. */
  farS3: string
  github: string
  /** The use of S3 since the last call. */
  takeUse(): Promise<S3Use>
  close(): Promise<void>
}

export type S3Use = {
  /** When each call was received and answered, in ms since 1970. */
  calls: [from: number, to: number][]
  sentKb: number
  receivedKb: number
}

/** Starts the servers in a separate process, so that their work is not attributed to the build. */
export async function startBenchServers(): Promise<BenchServers> {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lambci-bench-'))
  const servers = fork(join(import.meta.dirname, 'servers.ts'), [directory])
  const addresses = await nextMessage<Pick<BenchServers, 's3' | 'farS3' | 'github'>>(servers)
  return {
    directory,
    ...addresses,
    takeUse: () => {
      servers.send('use')
      return nextMessage<S3Use>(servers)
    },
    close: async () => {
      const exited = once(servers, 'exit')
      servers.disconnect()
      await exited
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Waits for the next message of a child process. @throws Error if it exits first */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const settled = new AbortController()
  const { signal } = settled
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`A process of the benchmark exited with ${code}`)
      }),
    ])
    return message as T
  } finally {
    settled.abort()
  }
}
