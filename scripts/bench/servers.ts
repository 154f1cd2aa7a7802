import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { startGitHub } from '../../loopback/github/server.ts'
import { startS3 } from '../../loopback/s3/server.ts'
import { FAR_MS } from './builds.ts'
import { BUCKET, KEYS } from './job.ts'

/**
 * The server process of the benchmark: sends its addresses, then the use of S3 for each message until it is
 * disconnected.
 */
const [directory = ''] = process.argv.slice(2)

const open = new Set<Socket>()
const closed = { sent: 0, received: 0 }
/** When each call was received and answered, in ms since 1970. */
let calls: [from: number, to: number][] = []
const received = new WeakMap<object, number>()
const now = () => performance.timeOrigin + performance.now()
subscribe('net.server.socket', message => {
  const { socket } = message as { socket: Socket }
  setImmediate(() => {
    if (socket.localPort !== s3Port) return
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      closed.received += socket.bytesRead
      closed.sent += socket.bytesWritten
    })
  })
})
subscribe('http.server.request.start', message => {
  const { socket, request } = message as { socket: Socket; request: object }
  if (socket.localPort === s3Port) received.set(request, now())
})
subscribe('http.server.response.finish', message => {
  const from = received.get((message as { request: object }).request)
  if (from !== undefined) calls.push([from, now()])
})

const s3 = await startS3({
  directory: join(directory, 's3'),
  buckets: [BUCKET],
  credentials: id => (id === KEYS.accessKeyId ? KEYS : undefined),
})
const s3Port = Number(new URL(s3.url).port)
const github = await startGitHub({ directory: join(directory, 'github'), token: 'a-token', webhook: null })

/** A proxy to S3 that delays each request by FAR_MS. */
const far = createServer(client => {
  const server = connect(s3Port, '127.0.0.1')
  client.on('data', bytes => setTimeout(() => server.write(bytes), FAR_MS))
  client.on('close', () => server.destroy())
  client.on('error', () => server.destroy())
  server.on('error', () => client.destroy())
  server.pipe(client)
}).listen(0, '127.0.0.1')
await once(far, 'listening')

/** Bytes from the point of view of the build: it sends what the server receives. */
function total() {
  const sockets = [...open]
  const sum = (pick: (socket: Socket) => number) => sockets.reduce((all, socket) => all + pick(socket), 0)
  return {
    sentKb: (closed.received + sum(({ bytesRead }) => bytesRead)) / 1000,
    receivedKb: (closed.sent + sum(({ bytesWritten }) => bytesWritten)) / 1000,
  }
}
let reported = total()
process.on('message', () => {
  const { sentKb, receivedKb } = total()
  process.send?.({ calls, sentKb: sentKb - reported.sentKb, receivedKb: receivedKb - reported.receivedKb })
  reported = { sentKb, receivedKb }
  calls = []
})
process.on('disconnect', () => process.exit())
const farS3 = `http://127.0.0.1:${(far.address() as AddressInfo).port}`
process.send?.({ s3: s3.url, farS3, github: github.url })
