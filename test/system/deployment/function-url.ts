import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { jobTrustSchema } from '../../../src/model/trust.ts'
import { probeAnswerKey, probeRequestKey } from '../../../src/records/probe.ts'
import type { Account } from './aws-stand-in.ts'

/**
 * Opens the function URL of an account, behind which all functions answer a self-test that is signed with the key in its bucket, that of
 * `trouble.faulty` with a fault.
 */
export async function openFunctionUrl(account: Account): Promise<string> {
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const id = JSON.parse(body).selfTest
    const { key = '' } = JSON.parse(account.selfTests[probeRequestKey(id)] ?? '{}')
    const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
    if (request.url !== '/self-test' || request.headers['x-lambci-signature-256'] !== signature)
      return response.writeHead(403).end()
    const { faulty } = account.trouble
    for (const trust of jobTrustSchema.options)
      account.selfTests[probeAnswerKey(id, trust)] = JSON.stringify({
        ...{
          trust,
          memoryMb: 2048,
          architecture: 'x64',
          durationMs: 4210,
          exitCode: trust === faulty ? 1 : 0,
        },
        lines: ['ok     git  2.50', trust === faulty ? 'FAULT  aws  not found' : 'ok     aws  2.27'],
      })
    response.writeHead(202).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
