import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

type Event = { file: string; failures?: number; gate?: string }
type Context = { tenantId?: string; awsRequestId: string }

let calls = 0

/**
 * Appends a line about the call to `file`, and waits until `gate` exists. Fails while the file has no more than `failures` lines.
 */
export async function note({ file, failures = 0, gate }: Event, { tenantId, awsRequestId }: Context) {
  const line = { tenantId, pid: process.pid, calls: ++calls, requestId: awsRequestId }
  appendFileSync(file, `${JSON.stringify(line)}\n`)
  while (gate && !existsSync(gate)) await sleep(5)
  if (readFileSync(file, 'utf8').trim().split('\n').length <= failures) throw new Error('not yet')
}

export async function seesEnvironment(_: unknown, context: Context) {
  return { environment: process.env, tenantId: context.tenantId ?? null }
}
