import type { Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type SendProbes, trustsOf } from '../admission/probe.ts'
import { verifySignature } from '../github/signature.ts'
import { z } from '../model/zod.ts'
import { probeIdSchema, probeRequestKey, selfTestSchema } from '../records/probe.ts'
import type { Store } from '../records/store.ts'

const MOST_BYTES = 1024
/** How long a request is valid, in ms, because clocks may differ. */
const VALID_MS = 15 * 60_000

const bodySchema = z.strictObject({ selfTest: probeIdSchema })

type Host = {
  store: Store
  sendProbes: SendProbes
  /** Makes report send the probes that http may not. */
  invokeReport: (id: string) => Promise<void>
  now: () => Date
}

/**
 * POST /self-test: the last step of a deploy. Its signature requires the key in an object that only people with access to the bucket can
 * write.
 */
export function addSelfTestRoute(app: Hono, { store, sendProbes, invokeReport, now }: Host): void {
  const tooLarge = (c: Context) => c.json({ error: 'The payload is larger than that of a self-test.' }, 413)
  app.post('/self-test', bodyLimit({ maxSize: MOST_BYTES, onError: tooLarge }), async c => {
    const body = await c.req.text()
    const id = parseId(body)
    const stored = id === null ? null : await store.get(probeRequestKey(id))
    const request = stored && selfTestSchema.parse(JSON.parse(Buffer.from(stored.body).toString()))
    const signature = c.req.header('x-lambci-signature-256') ?? ''
    if (id === null || !request || !(await isSigned(body, signature, request.key)))
      return c.json(
        { error: 'The signature does not match a self-test that was requested in the bucket.' },
        403,
      )
    if (Math.abs(now().getTime() - Date.parse(request.requestedAt)) > VALID_MS)
      return c.json({ error: 'The self-test was requested too long ago.' }, 403)
    await Promise.all([sendProbes(trustsOf.http, id), invokeReport(id)])
    return c.json({ status: 'started' }, 202)
  })
}

/** Octokit throws for a signature of another form. */
const isSigned = (body: string, signature: string, key: string) =>
  /^sha256=[0-9a-f]{64}$/.test(signature) ? verifySignature({ body, signature }, [key]) : false

function parseId(body: string): string | null {
  try {
    return bodySchema.safeParse(JSON.parse(body)).data?.selfTest ?? null
  } catch {
    return null
  }
}
