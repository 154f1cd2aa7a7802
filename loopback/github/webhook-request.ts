/** GitHub waits 10 s for an answer. https://docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks */
const LIMIT_MS = 10_000
const MAX_ANSWER_BYTES = 65_536

export type Outcome = {
  durationMs: number
  status: string
  statusCode: number
  responseHeaders: Record<string, string>
  responseBody: string
}

/** Posts a webhook's body and tells what came of it, in GitHub's words; null when `signal` cut it short. */
export async function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<Outcome | null> {
  const started = performance.now()
  const delivered = (outcome: Omit<Outcome, 'durationMs'>) => ({
    ...outcome,
    durationMs: Math.round(performance.now() - started),
  })
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
      redirect: 'manual',
    })
    return delivered({
      status: response.statusText || String(response.status),
      statusCode: response.status,
      responseHeaders: Object.fromEntries(response.headers),
      responseBody: await readSome(response),
    })
  } catch (error) {
    if (signal.aborted) return null
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    const [status, statusCode] = isLate ? ['timed out', 504] : ['failed to connect to host', 502]
    return delivered({ status, statusCode, responseHeaders: {}, responseBody: '' })
  }
}

async function readSome(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= MAX_ANSWER_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString()
}
