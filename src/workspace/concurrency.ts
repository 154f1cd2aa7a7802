import { addAbortListener } from 'node:events'

/** Awaits a promise, but rejects with the signal's reason as soon as it aborts. The work itself is not stopped. */
export async function rejectOnAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  using _ = addAbortListener(signal, () => reject(signal.reason))
  return await Promise.race([work, aborted])
}

/** Runs all tasks concurrently; if one fails, aborts the rest, waits for them, then rethrows. */
export async function runConcurrently<T>(
  signal: AbortSignal,
  tasks: readonly ((signal: AbortSignal) => Promise<T>)[],
): Promise<T[]> {
  const failure = new AbortController()
  const either = AbortSignal.any([signal, failure.signal])
  const results = await Promise.allSettled(
    tasks.map(task =>
      task(either).catch(error => {
        failure.abort(error)
        throw error
      }),
    ),
  )
  failure.signal.throwIfAborted()
  return results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
}
