import { once } from 'node:events'
import { type AddressInfo, createServer, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const START_MS = 10_000
const POLL_MS = 20

/** Ports of loopback that nobody listens on now. */
export async function findPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => server.close() && once(server, 'close')))
  return ports
}

/** @throws Error if nobody listens on the port within ten seconds */
export async function untilListening(port: number): Promise<void> {
  const until = Date.now() + START_MS
  while (!(await isListening(port))) {
    if (Date.now() > until) throw new Error(`Nobody listens on port ${port}`)
    await sleep(POLL_MS)
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = new Socket().connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
