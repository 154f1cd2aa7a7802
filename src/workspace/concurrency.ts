import { addAbortListener } from 'node:events'

/** What work comes to, or the signal's reason as soon as it says stop: what is still waited for then is left behind. */
export async function rejectOnAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  using _ = addAbortListener(signal, () => reject(signal.reason))
  return await Promise.race([work, stopped])
}

/** All at once; when one fails the others are stopped, and have ended when its error is thrown. */
export async function runConcurrently<T>(
  signal: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<T>)[],
): Promise<T[]> {
  const failing = new AbortController()
  const either = AbortSignal.any([signal, failing.signal])
  const results = await Promise.allSettled(
    works.map(work =>
      work(either).catch(error => {
        failing.abort(error)
        throw error
      }),
    ),
  )
  failing.signal.throwIfAborted()
  return results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
}
