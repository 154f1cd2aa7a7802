import { setTimeout as sleep } from 'node:timers/promises'
import { lambciJson, openTestSystem } from '../../test/support/test-system.ts'
import { median, quantile } from './numbers.ts'

export type LiveDelay = { lines: number; medianMs: number; p95Ms: number }

const SECONDS = 15
/** Each line contains the time at which it was written, in seconds. */
const COMMAND = `for i in $(seq ${SECONDS * 100}); do echo "at=$EPOCHREALTIME"; sleep 0.01; done`

/** Measures how long a line of a build takes to become readable over HTTP, in the whole system on loopback. */
export async function benchLiveDelay(): Promise<LiveDelay> {
  const ci = await openTestSystem({ environment: {} })
  try {
    await ci.push(await ci.write(lambciJson(COMMAND)), 'bench/live', 'master')
    const delays = await followLog(`${ci.system.addresses.url}/gh/bench/live/builds/1/log`)
    return {
      lines: delays.length,
      medianMs: Math.round(median(delays)),
      p95Ms: Math.round(quantile(delays, 0.95)),
    }
  } finally {
    await ci.close()
  }
}

async function followLog(url: string): Promise<number[]> {
  const delays: number[] = []
  let rest = ''
  for (let from = 0, ended = false; !ended; await sleep(20)) {
    const answer = await fetch(`${url}?from=${from}`)
    if (answer.status === 404) continue
    const text = rest + (await answer.text())
    const now = Date.now()
    rest = text.slice(text.lastIndexOf('\n') + 1)
    for (const [, at] of text.slice(0, text.length - rest.length).matchAll(/^at=([\d.]+)$/gm))
      delays.push(now - Number(at) * 1000)
    from = Number(answer.headers.get('lambci-log-next'))
    ended = answer.headers.get('lambci-log-ended') === 'true'
  }
  return delays
}
