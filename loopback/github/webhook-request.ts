/**
 * GitHub waits 10 s for a response.
 * https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks
 */
const TIMEOUT_MS = 10_000
const MAX_RESPONSE_BYTES = 65_536

export type DeliveryResult = {
  durationMs: number
  status: string
  statusCode: number
  responseHeaders: Record<string, string>
  responseBody: string
}

/** Posts a webhook and returns the result with GitHub's status texts. Null if `signal` aborted the request. */
export async function postWebhook(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<DeliveryResult | null> {
  const startedAt = performance.now()
  const timed = (result: Omit<DeliveryResult, 'durationMs'>) => ({
    ...result,
    durationMs: Math.round(performance.now() - startedAt),
  })
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      redirect: 'manual',
    })
    return timed({
      status: response.statusText || String(response.status),
      statusCode: response.status,
      responseHeaders: Object.fromEntries(response.headers),
      responseBody: await readPrefix(response),
    })
  } catch (error) {
    if (signal.aborted) return null
    const isTimeout = error instanceof Error && error.name === 'TimeoutError'
    const [status, statusCode] = isTimeout ? ['timed out', 504] : ['failed to connect to host', 502]
    return timed({ status, statusCode, responseHeaders: {}, responseBody: '' })
  }
}

/** The first `MAX_RESPONSE_BYTES` of the body. */
async function readPrefix(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= MAX_RESPONSE_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_RESPONSE_BYTES).toString()
}
