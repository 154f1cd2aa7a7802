import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'node:util'

type Fields = Readonly<Record<string, string | number | null | undefined>>
type Level = 'info' | 'warn' | 'error'

/** Characters of a message or a stack: CloudWatch allows 256 KB per event. */
const LONGEST = 32_768

const fields = new AsyncLocalStorage<Fields>()
let isStructured = false

/** Makes each line of the log, including those of `console`, one JSON object with the fields of its event. */
export function structureLog(): void {
  isStructured = true
  console.log = console.info = (...values) => write('info', describeValues(values))
  console.warn = (...values) => write('warn', describeValues(values))
  console.error = (...values) => write('error', describeValues(values))
}

/** Handles an event, and adds these fields to all logs meanwhile. Then logs its end with the fields of `describe`, or its failure. */
export async function loggedEvent<T>(
  event: string,
  own: Fields,
  handle: () => Promise<T>,
  describe: (result: T) => Fields = () => ({}),
): Promise<T> {
  if (!isStructured) return handle()
  const startedAt = performance.now()
  const duration = () => Math.round(performance.now() - startedAt)
  return fields.run({ event, ...own }, async () => {
    try {
      const result = await handle()
      write('info', { ...describe(result), durationMs: duration() })
      return result
    } catch (error) {
      write('error', { ...describeValues([error]), durationMs: duration() })
      throw error
    }
  })
}

function write(level: Level, more: Fields): void {
  const line = { time: new Date().toISOString(), level, ...fields.getStore(), ...more }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function describeValues(values: readonly unknown[]): Fields {
  const error = values.find(value => value instanceof Error)
  const texts = values.map(value => {
    if (value instanceof Error) return value.message
    return typeof value === 'string' ? value : inspect(value)
  })
  return {
    message: texts.join(' ').slice(0, LONGEST),
    ...(error && { error: error.name, stack: inspect(error).slice(0, LONGEST) }),
  }
}
