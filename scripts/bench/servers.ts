import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { startGitHub } from '../../src/local/github/server.ts'
import { startS3 } from '../../src/local/s3/server.ts'
import { BUCKET, KEYS } from './job.ts'

/** The servers of the bench: says where they are, then answers each `bytes` until its parent lets go. */
const [directory = ''] = process.argv.slice(2)

const open = new Set<Socket>()
let closedBytes = 0
subscribe('net.server.socket', message => {
  const { socket } = message as { socket: Socket }
  setImmediate(() => {
    if (socket.localPort !== s3Port) return
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      closedBytes += socket.bytesRead
    })
  })
})

const s3 = await startS3({
  directory: join(directory, 's3'),
  buckets: [BUCKET],
  credentials: id => (id === KEYS.accessKeyId ? KEYS : undefined),
})
const s3Port = Number(new URL(s3.url).port)
const github = await startGitHub({ directory: join(directory, 'github'), token: 'a-token', webhook: null })

const total = () => closedBytes + [...open].reduce((sum, { bytesRead }) => sum + bytesRead, 0)
let told = 0
process.on('message', () => {
  const bytes = total()
  process.send?.({ bytes: bytes - told })
  told = bytes
})
process.on('disconnect', () => process.exit())
process.send?.({ s3: s3.url, github: github.url })
