import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { FailureRecord } from '../../lambda/async-policy.ts'
import type { FunctionDefinition } from '../../lambda/definition.ts'
import { type LambdaOptions, startLambda } from '../../lambda/lambda.ts'

/** The definition of `<file>.<export>` under handlers/, called by the export's name. */
export function define(handler: string, settings: Partial<FunctionDefinition> = {}): FunctionDefinition {
  const [file = '', name = ''] = handler.split('.')
  const module = fileURLToPath(new URL(`./handlers/${file}.ts`, import.meta.url))
  return {
    name,
    handler: { module, export: name },
    environment: {},
    timeoutMs: 20_000,
    concurrency: 2,
    ...settings,
  }
}

export function scratchDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'lambci-lambda-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A Lambda that goes with the test; keeps the failure records and the log lines. */
export async function host(functions: FunctionDefinition[], options: Partial<LambdaOptions> = {}) {
  const records: FailureRecord[] = []
  const lines: { requestId: string | null; line: string }[] = []
  const lambda = await startLambda({
    directory: scratchDirectory(),
    retryDelaysMs: [20, 40],
    functions: functions.map(each => ({ onFailure: record => void records.push(record), ...each })),
    onLog: (_, requestId, line) => lines.push({ requestId, line }),
    ...options,
  })
  let open = true
  const close = async () => {
    if (open) await lambda.close()
    open = false
  }
  onTestFinished(close)
  return { ...lambda, close, records, lines }
}

/** Waits until there is something to see; the test's own limit is the only one. */
export async function until<T>(condition: () => T | undefined | null | false): Promise<T> {
  for (;;) {
    const seen = condition()
    if (seen) return seen
    await sleep(20)
  }
}

export function isAlive(pid: number) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
