import * as z from 'zod'

/** How one command ended. A signal and a timeout are never an exit code: neither can be mistaken for success. */
export const exitSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('exited'), code: z.int().min(0).max(255) }),
  z.object({ kind: z.literal('signalled'), signal: z.string().max(20) }),
  z.object({ kind: z.literal('timed-out'), afterMs: z.number().nonnegative() }),
])

export type Exit = z.infer<typeof exitSchema>
