import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a build process and the servers are given; all of it on tmpfs where there is one. */
export type Ground = {
  directory: string
  s3: string
  github: string
  /** Bytes that the S3 server has received since it was last asked. */
  receivedBytes(): Promise<number>
  close(): Promise<void>
}

/** Servers in a process of their own, so that their work is not counted as the build's. */
export async function openGround(): Promise<Ground> {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lambci-bench-'))
  const servers = fork(join(import.meta.dirname, 'servers.ts'), [directory], {
    execArgv: process.env.PROF ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof'] : [],
  })
  const { s3, github } = await answer<{ s3: string; github: string }>(servers)
  return {
    directory,
    s3,
    github,
    receivedBytes: async () => {
      servers.send('bytes')
      return (await answer<{ bytes: number }>(servers)).bytes
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
