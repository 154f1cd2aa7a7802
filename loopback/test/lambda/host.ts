import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { FailureRecord } from '../../lambda/async-policy.ts'
import type { FunctionDefinition } from '../../lambda/definition.ts'
import { type LambdaOptions, startLambda } from '../../lambda/lambda.ts'

let compiled: string | undefined

/**
 * The directory of the handlers as JavaScript: a process that strips types takes three times as long to start. The workers' directory is
 * removed at the end.
 */
function compileHandlers(): string {
  if (compiled) return compiled
  const sources = join(import.meta.dirname, 'handlers')
  compiled = mkdtempSync(join(process.env.LAMBCI_TEST_ROOT ?? tmpdir(), 'handlers-'))
  for (const file of readdirSync(sources))
    writeFileSync(
      join(compiled, file.replace(/ts$/, 'mjs')),
      stripTypeScriptTypes(readFileSync(join(sources, file), 'utf8')),
    )
  return compiled
}

/** Defines the function `<file>.<export>` under handlers/; its name is that of the export. */
export function define(handler: string, settings: Partial<FunctionDefinition> = {}): FunctionDefinition {
  const [file = '', name = ''] = handler.split('.')
  return {
    name,
    handler: { module: join(compileHandlers(), `${file}.mjs`), export: name },
    bootstrap: join(process.env.LAMBCI_TEST_BUNDLES ?? '', 'bootstrap', 'index.js'),
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

/** Starts a Lambda that is closed when the test ends. Collects failure records and log lines. */
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

/** Polls until `condition` returns a truthy value, and returns it. The only timeout is that of the test. */
export async function until<T>(condition: () => T | undefined | null | false): Promise<T> {
  for (;;) {
    const value = condition()
    if (value) return value
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
