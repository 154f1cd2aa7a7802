import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPorts, untilListening } from './ports.ts'
import { S3_GATEWAY } from './tools.ts'

export type S3Gateway = { url: string; close(): Promise<void> }
type Credentials = { accessKeyId: string; secretAccessKey: string }

/**
 * Starts versitygw, an S3 that checks signatures and conditions, over an empty directory.
 * @throws Error if it does not start
 */
export async function startS3Gateway(
  { accessKeyId, secretAccessKey }: Credentials,
  region: string,
): Promise<S3Gateway> {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-s3-'))
  const [port = 0] = await findPorts(1)
  const server = spawn(S3_GATEWAY, ['--port', `127.0.0.1:${port}`, 'posix', directory], {
    stdio: 'ignore',
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey, VGW_REGION: region },
  })
  const ended = once(server, 'exit')
  await Promise.race([
    untilListening(port),
    ended.then(() => Promise.reject(new Error('versitygw does not start'))),
  ])
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.kill()
      await ended
      await rm(directory, { recursive: true, force: true })
    },
  }
}
