import { createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JobTrust, jobTrustSchema } from '../../src/model/trust.ts'
import {
  type ProbeAnswer,
  probeAnswerKey,
  probeAnswerSchema,
  probeRequestKey,
} from '../../src/records/probe.ts'
import type { Context } from './context.ts'
import type { StackState } from './stack.ts'

/** Longest wait for the functions: a cold image takes a minute, the smoke test may take five. */
const WAIT_MS = 7 * 60_000
const MISSING = /^(NoSuchKey|404|403|AccessDenied)/

/**
 * The last step of a deploy: a signed request through the function URL, which all run functions answer by running the image's smoke test.
 * Prints the results. A fault here does not undo the deploy, so nothing is thrown.
 */
export async function selfTest(context: Context, { outputs }: StackState): Promise<void> {
  const { print } = context
  print('\nSelf-test: a message through the URL, SNS and report to all run functions')
  const directory = await mkdtemp(join(tmpdir(), 'lambci-self-test-'))
  try {
    await run(context, { url: outputs.Url ?? '', bucket: outputs.Bucket ?? '', directory })
  } catch (error) {
    print(`  FAULT  ${(error as Error).message}`)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

type Target = { url: string; bucket: string; directory: string }

async function run(context: Context, target: Target): Promise<void> {
  const { aws, print, pause } = context
  const id = randomBytes(16).toString('hex')
  const key = randomBytes(32).toString('hex')
  const file = join(target.directory, 'request.json')
  await writeFile(file, JSON.stringify({ key, requestedAt: new Date().toISOString() }), { mode: 0o600 })
  const place = ['--bucket', target.bucket, '--key', probeRequestKey(id)]
  await aws.run('s3api', 'put-object', ...place, '--body', file, '--content-type', 'application/json')
  const refusal = await post(target.url, id, key)
  if (refusal !== null)
    return print(`  FAULT  ${target.url} ${refusal}. The log of the http function has the details.`)
  print('  ok     the URL took the message')
  const missing = new Set<JobTrust>(jobTrustSchema.options)
  const end = Date.now() + WAIT_MS
  while (missing.size > 0 && Date.now() < end) {
    for (const trust of missing) {
      const answer = await readAnswer(context, target, probeAnswerKey(id, trust))
      if (!answer) continue
      missing.delete(trust)
      for (const line of describeAnswer(answer)) print(line)
    }
    if (missing.size > 0) await pause()
  }
  for (const trust of missing)
    print(
      `  FAULT  run-${trust} did not answer within ${WAIT_MS / 60_000} minutes. Its log group has the details.`,
    )
}

/** Null if http accepted the request; otherwise a verb and the answer. */
async function post(url: string, id: string, key: string): Promise<string | null> {
  const body = JSON.stringify({ selfTest: id })
  const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
  const headers = { 'content-type': 'application/json', 'x-lambci-signature-256': signature }
  try {
    const answer = await fetch(`${url}/self-test`, {
      ...{ method: 'POST', body, headers, signal: AbortSignal.timeout(30_000) },
    })
    return answer.status === 202 ? null : `answered ${answer.status}`
  } catch (error) {
    const cause = (error as Error).cause
    return `cannot be reached: ${cause instanceof Error ? cause.message : (error as Error).message}`
  }
}

async function readAnswer({ aws }: Context, target: Target, key: string): Promise<ProbeAnswer | null> {
  const file = join(target.directory, 'answer.json')
  const found = await aws.find(MISSING, 's3api', 'get-object', '--bucket', target.bucket, '--key', key, file)
  return found && probeAnswerSchema.parse(JSON.parse(await readFile(file, 'utf8')))
}

/** The lines about one function, including those of the smoke test that do not report success. A pure function. */
export function describeAnswer({ trust, exitCode, lines, ...answer }: ProbeAnswer): string[] {
  const facts = `${answer.memoryMb} MB, ${answer.architecture}, ${(answer.durationMs / 1000).toFixed(1)} s`
  const works = lines.filter(line => line.startsWith('ok ')).length
  if (exitCode === 0) return [`  ok     run-${trust}: ${works} tools work (${facts})`]
  const others = lines.filter(line => !line.startsWith('ok '))
  return [
    `  FAULT  run-${trust}: ${exitCode === null ? 'the smoke test did not run to its end' : 'some tools do not work'} (${facts})`,
    ...others.map(line => `           ${line}`),
  ]
}
