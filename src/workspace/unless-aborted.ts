import { addAbortListener } from 'node:events'

/** What work comes to, or the signal's reason as soon as it says stop: what is still waited for then is left behind. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  using _ = addAbortListener(signal, () => reject(signal.reason))
  return await Promise.race([work, stopped])
}
